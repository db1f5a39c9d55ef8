// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/http/router.h"

#include <exception>

namespace cerium::http {
namespace {

std::vector<std::string> partsOf(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool isPlace(const std::string& part) { return part.starts_with('{'); }
bool takesRest(const std::string& part) { return part.ends_with("...}"); }

/// Fills in `params` if the path has the form of the route.
bool matches(const std::vector<std::string>& route, const std::vector<std::string>& path,
             std::map<std::string, std::string>& params) {
  params.clear();
  for (size_t i = 0; i < route.size(); ++i) {
    const std::string& part = route[i];
    if (takesRest(part)) {
      std::string rest;
      for (size_t at = i; at < path.size(); ++at) rest += (rest.empty() ? "" : "/") + path[at];
      params[part.substr(1, part.size() - 5)] = rest;
      return true;
    }
    if (i >= path.size()) return false;
    if (isPlace(part)) {
      params[part.substr(1, part.size() - 2)] = path[i];
    } else if (part != path[i]) {
      return false;
    }
  }
  return route.size() == path.size();
}

}  // namespace

void Router::add(const char* method, const std::string& route, Handler handler) {
  routes_.push_back({method, partsOf(route), std::move(handler)});
}

Response Router::answer(Request request) const {
  Response answer;
  try {
    answer = find(request);
  } catch (const Refusal& refusal) {
    answer = plain(refusal.status, refusal.text);
  } catch (const std::exception& error) {
    answer = plain(500, error.what());
  }
  if (audit_) audit_(request, answer);
  return answer;
}

Response Router::find(Request& request) const {
  if (guard_) {
    Response refused = guard_(request);
    if (refused.status != 0) return refused;
  }
  const auto path = partsOf(request.path);
  bool other_method = false;
  for (const Route& route : routes_) {
    if (!matches(route.parts, path, request.params)) continue;
    if (route.method == request.method) return route.handler(request);
    other_method = true;
  }
  if (other_method) return plain(405, request.method + " is not answered here");
  return plain(404, "there is nothing at " + request.path);
}

}  // namespace cerium::http
