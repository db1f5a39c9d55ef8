// Cerium. Licensed under the Apache License 2.0.
// Which handler answers which path.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "web-ui/http/message.h"

namespace cerium::http {

using Handler = std::function<Response(const Request&)>;

/// Paths from a fixed table. A route is a path whose parts may be places: "/jobs/{job}" answers "/jobs/17" with
/// request.params["job"] "17". A place takes one part, and "{rest...}" at the end takes all that are left.
class Router {
 public:
  /// Answers GET and HEAD.
  void get(const std::string& route, Handler handler) { add("GET", route, std::move(handler)); }
  void post(const std::string& route, Handler handler) { add("POST", route, std::move(handler)); }
  /// Looks at each request first; an answer with a status other than 0 is final.
  void setGuard(Handler guard) { guard_ = std::move(guard); }

  /// Sees each request with its answer.
  void setAudit(std::function<void(const Request&, const Response&)> audit) { audit_ = std::move(audit); }

  /// The answer: 404 for an unknown path, 405 for a wrong method, 500 with the text of what a handler throws.
  [[nodiscard]] Response answer(Request request) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> parts;
    Handler handler;
  };
  void add(const char* method, const std::string& route, Handler handler);
  [[nodiscard]] Response find(Request& request) const;

  std::vector<Route> routes_;
  Handler guard_;
  std::function<void(const Request&, const Response&)> audit_;
};

}  // namespace cerium::http
