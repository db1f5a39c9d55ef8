// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/http/web_port.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>
#include <set>
#include <utility>

#include "base/rpc/local_address.h"
#include "base/rpc/secrets.h"
#include "base/util/host_name.h"
#include "base/util/log.h"

namespace cerium::http {
namespace {

using boost::json::object;

constexpr size_t kTokenLetters = 32;  // 128 bits

std::string newToken() { return rpc::newSecret().substr(0, kTokenLetters); }

Guard::Settings guardSettings(const WebPort::Options& options, const std::string& token,
                              const std::string& change_token) {
  Guard::Settings settings{.host = options.server.host,
                           .machine = hostName(),
                           .allowed_hosts = options.allowed_hosts,
                           .token = token,
                           .change_token = change_token,
                           .open_paths = {}};
  for (const StaticFile& file : options.files) settings.open_paths.insert(file.path);
  return settings;
}

Response session(const WebPort::Options& options, const std::string& change_token) {
  object json{{"pages", options.pages}, {"version", options.version}, {"appId", nullptr}};
  if (options.application) json["appId"] = options.application();
  json["canChange"] = options.can_change;
  json["token"] = nullptr;
  if (options.can_change) json["token"] = change_token;
  json["insecure"] = false;
  return {.body = boost::json::serialize(json)};
}

std::string tokenIn(const Request& request) {
  boost::system::error_code error;
  const boost::json::value body = boost::json::parse(request.body, error);
  const auto* fields = error ? nullptr : body.if_object();
  const auto* token = fields == nullptr ? nullptr : fields->if_contains("token");
  if (token == nullptr || !token->is_string()) throw Refusal{400, "a login is {\"token\": \"...\"}"};
  return std::string(token->as_string());
}

/// Refusals that show an attack or a wrong configuration are logged once for each kind: an attacker must not fill the
/// log.
class Audit {
 public:
  void see(const Request& request, const Response& answer) {
    const bool is_foreign = answer.status == 421 || answer.status == 403;
    if (is_foreign && told_.insert(answer.status).second) {
      log::warn("web: {} {} from {} is refused: {}; more of this kind is not logged", request.method, request.path,
                request.peer, answer.body.substr(0, answer.body.find('\n')));
    } else if (request.method != "GET" && answer.status < 400) {
      log::info("web: {} {} from {}", request.method, request.path, request.peer);
    }
  }

 private:
  std::set<int> told_;
};

std::string urlOf(const std::string& listens_at, uint16_t port) {
  std::string host = listens_at;
  if (rpc::isWildcard(host) && !hostName().empty()) host = hostName();
  const bool is_v6 = host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_v6 ? "http://[{}]:{}" : "http://{}:{}"), host, port);
}

}  // namespace

WebPort::WebPort(const Options& options, Router router)
    : token_(options.token.empty() ? newToken() : options.token),
      change_token_(options.can_change ? newToken() : std::string()),
      guard_(guardSettings(options, token_, change_token_)),
      server_(options.server, guarded(options, std::move(router))),
      url_(urlOf(options.server.host, server_.port())) {}

Router WebPort::guarded(const Options& options, Router router) const {
  router.setGuard([this](const Request& request) { return guard_.check(request); });
  auto audit = std::make_shared<Audit>();
  router.setAudit([audit](const Request& request, const Response& answer) { audit->see(request, answer); });
  router.get("/api/cerium/v1/session",
             [options, token = change_token_](const Request&) { return session(options, token); });
  router.post(kLoginPath, [this](const Request& request) { return guard_.logIn(request, tokenIn(request)); });
  router.get("/healthz", [](const Request&) { return plain(200, "ok"); });
  router.get("/readyz", [](const Request&) { return plain(200, "ok"); });
  addStaticFiles(router, options.files);
  return router;
}

std::string WebPort::link() const { return guard_.needsLogin() ? url_ + "/?token=" + token_ : url_; }

std::string clusterToken(const std::string& cluster_secret) {
  return rpc::deriveSecret(cluster_secret, "web pages").substr(0, kTokenLetters);
}

}  // namespace cerium::http
