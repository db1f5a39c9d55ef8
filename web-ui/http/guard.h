// Cerium. Licensed under the Apache License 2.0.
// Who may ask a web port for what: settings and a request in, a refusal or none out. It knows no socket and no clock.
//
// /healthz and /readyz are for everybody. A port that only this machine reaches needs no login. On any other address,
// all but the pages' own files needs the port's token: in the cookie that a login sets, or as "Authorization: Bearer
// TOKEN". Whatever the address: a Host that is no name of this port is refused, because a foreign page whose name was
// made to lead here (DNS rebinding) sends its own; and what changes something needs the token of the session, which
// only pages from this port can read, and no Origin but this port.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "web-ui/http/message.h"

namespace cerium::http {

class Guard {
 public:
  struct Settings {
    std::string host = "127.0.0.1";  ///< The address at which the port listens.
    std::string machine = {};        ///< The machine's name.
    /// Further names, for example of a proxy before the port: "ui.example.com:8443".
    std::vector<std::string> allowed_hosts = {};
    std::string token = {};                 ///< For logins.
    std::string change_token = {};          ///< For what changes something; empty: nothing may be changed.
    std::set<std::string> open_paths = {};  ///< That need no login, exactly as written.
  };
  explicit Guard(Settings settings);

  [[nodiscard]] bool needsLogin() const { return needs_login_; }
  /// An answer with status 0 lets the request pass; 421 is for a foreign Host, 401 for a missing login, 403 for a
  /// change that is not this port's own.
  [[nodiscard]] Response check(const Request& request) const;
  /// Answers a request for a login: `token` is what the user gave. 204 with the cookie, or 403.
  [[nodiscard]] Response logIn(const Request& request, const std::string& token) const;

 private:
  [[nodiscard]] bool isOwnName(const std::string& host) const;
  [[nodiscard]] bool isOwnOrigin(const Request& request) const;
  [[nodiscard]] bool isLoggedIn(const Request& request) const;

  const Settings settings_;
  const bool needs_login_;
  std::set<std::string> names_;
};

/// The path of the request for a login.
inline constexpr const char* kLoginPath = "/api/cerium/v1/login";
/// Below it are the pages of other ports, which ask for the token of their own session before a change.
inline constexpr const char* kProxyPath = "/proxy/";

}  // namespace cerium::http
