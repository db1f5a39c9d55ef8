// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/http/guard.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <string_view>

#include "base/rpc/secrets.h"
#include "base/util/printable.h"

namespace cerium::http {
namespace {

std::string inSmallLetters(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(), [](unsigned char c) { return std::tolower(c); });
  return small;
}

/// Without port and brackets: "[::1]:4040" -> "::1".
std::string hostOf(std::string_view authority) {
  if (authority.starts_with('[')) return inSmallLetters(authority.substr(1, authority.find(']') - 1));
  std::string host = inSmallLetters(authority.substr(0, authority.find(':')));
  if (host.ends_with('.')) host.pop_back();
  return host;
}

bool isAddress(const std::string& host) {
  in6_addr any{};
  return ::inet_pton(AF_INET, host.c_str(), &any) == 1 || ::inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

/// Takes the same time wherever they differ.
bool isSame(const std::string& given, const std::string& right) {
  return !right.empty() && given.size() == right.size() && CRYPTO_memcmp(given.data(), right.data(), right.size()) == 0;
}

/// Monitoring asks under any name, and the answer tells no secret.
bool isHealthCheck(const Request& request) {
  return request.method == "GET" && (request.path == "/healthz" || request.path == "/readyz");
}

/// Browsers send a cookie to all ports of a machine, so its name holds the port.
std::string cookieName(const Request& request) {
  const std::string host = request.header("host");
  const size_t colon = host.find(':', host.find(']') == std::string::npos ? 0 : host.find(']'));
  const std::string port = colon == std::string::npos ? "" : host.substr(colon + 1);
  const bool is_number = !port.empty() && port.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? "cerium-" + port : "cerium";
}

}  // namespace

Guard::Guard(Settings settings) : settings_(std::move(settings)), needs_login_(!rpc::isLoopback(settings_.host)) {
  names_ = {"localhost", inSmallLetters(settings_.host)};
  if (!settings_.machine.empty()) names_.insert(inSmallLetters(settings_.machine));
  for (const std::string& name : settings_.allowed_hosts) names_.insert(hostOf(name));
}

Response Guard::check(const Request& request) const {
  if (isHealthCheck(request)) return {.status = 0};
  const std::string host = request.header("host");
  if (!isOwnName(host)) {
    return plain(421, fmt::format("this port is not known as \"{}\"; cerium.ui.allowedHosts may name further names",
                                  printable(host)));
  }
  if (request.method != "GET" && !isOwnOrigin(request)) return plain(403, "a page from elsewhere may change nothing");
  if (request.path == kLoginPath) return {.status = 0};
  if (!settings_.open_paths.contains(request.path) && !isLoggedIn(request)) {
    Response refused = plain(401,
                             "log in: open the link that the process printed, or send its token as "
                             "\"Authorization: Bearer TOKEN\"");
    refused.headers.emplace_back("WWW-Authenticate", "Bearer");
    return refused;
  }
  if (request.path.starts_with(kProxyPath)) return {.status = 0};  // The other port has a guard of its own.
  if (request.method != "GET" && !isSame(request.header("x-cerium-token"), settings_.change_token))
    return plain(403, "a change needs the header X-Cerium-Token with the token of /api/cerium/v1/session");
  return {.status = 0};
}

Response Guard::logIn(const Request& request, const std::string& token) const {
  Response response{.status = 204};
  if (!needs_login_) return response;
  if (!isSame(token, settings_.token)) return plain(403, "that is not the token that the process printed");
  response.headers.emplace_back(
      "Set-Cookie", fmt::format("{}={}; HttpOnly; SameSite=Strict; Path=/", cookieName(request), settings_.token));
  return response;
}

/// Addresses pass, because rebinding needs a name.
bool Guard::isOwnName(const std::string& host) const {
  const std::string name = hostOf(host);
  return names_.contains(name) || isAddress(name);
}

/// Programs send no Origin; browsers do with everything but GET and HEAD. Behind a proxy the Host may be another one
/// than the page's, which cerium.ui.allowedHosts then names.
bool Guard::isOwnOrigin(const Request& request) const {
  const std::string origin = inSmallLetters(request.header("origin"));
  if (origin.empty()) return true;
  const size_t scheme = origin.find("://");
  if (scheme == std::string::npos) return false;
  const std::string authority = origin.substr(scheme + 3);
  if (authority == inSmallLetters(request.header("host"))) return true;
  const auto& others = settings_.allowed_hosts;
  return std::any_of(others.begin(), others.end(),
                     [&](const std::string& name) { return inSmallLetters(name) == authority; });
}

bool Guard::isLoggedIn(const Request& request) const {
  if (!needs_login_) return true;
  constexpr std::string_view kBearer = "Bearer ";
  const std::string authorization = request.header("authorization");
  if (authorization.starts_with(kBearer) && isSame(authorization.substr(kBearer.size()), settings_.token)) return true;
  return isSame(request.cookie(cookieName(request)), settings_.token);
}

}  // namespace cerium::http
