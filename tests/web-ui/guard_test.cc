// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/http/guard.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

namespace cerium::http {
namespace {

constexpr const char* kToken = "0123456789abcdef0123456789abcdef";
constexpr const char* kChange = "fedcba9876543210fedcba9876543210";

using Headers = std::map<std::string, std::string>;

Guard guardAt(const std::string& host) {
  return Guard({.host = host,
                .machine = "Node7",
                .allowed_hosts = {"UI.example.com", "ui.example.com:8443"},
                .token = kToken,
                .change_token = kChange,
                .open_paths = {"/", "/app.js"}});
}

int statusOf(const Guard& guard, const std::string& method, const std::string& path, Headers headers) {
  Request request;
  request.method = method;
  request.path = path;
  headers.emplace("host", "localhost:4040");
  request.headers = std::move(headers);
  return guard.check(request).status;
}

Headers with(Headers headers, const std::string& name, const std::string& value) {
  headers[name] = value;
  return headers;
}

}  // namespace

TEST_CASE("a port answers under its own names and addresses only", "[http][guard]") {
  const struct {
    const char* host;
    int status;
  } table[] = {
      {"localhost", 0},
      {"localhost:4040", 0},
      {"LOCALHOST:1", 0},
      {"localhost.", 0},
      {"127.0.0.1:4040", 0},
      {"[::1]:4040", 0},
      {"[::1]", 0},
      {"10.1.2.3:4040", 0},
      {"node7:4040", 0},
      {"ui.example.com", 0},
      {"ui.example.com:80", 0},
      {"", 421},
      {"evil.com", 421},
      {"evil.com:4040", 421},
      {"localhost.evil.com", 421},
      {"evil.com:localhost", 421},
      {"127.0.0.1.evil.com", 421},
      {"node7.evil.com", 421},
      {"[evil]", 421},
      {"[", 421},
      {"localhost@evil.com", 421},
      {"1.2.3", 421},
  };
  for (const std::string listens_at : {"127.0.0.1", "0.0.0.0"}) {
    const Guard guard = guardAt(listens_at);
    for (const auto& row : table) {
      INFO(listens_at << " asked as \"" << row.host << '"');
      CHECK(statusOf(guard, "GET", "/", {{"host", row.host}}) == row.status);
    }
  }
  CHECK(statusOf(guardAt("cerium.lan"), "GET", "/", {{"host", "cerium.lan:80"}}) == 0);
}

TEST_CASE("everybody may ask whether the process is healthy, under any name", "[http][guard]") {
  for (const std::string host : {"127.0.0.1", "0.0.0.0"}) {
    CHECK(statusOf(guardAt(host), "GET", "/healthz", {{"host", "node7.example.com"}}) == 0);
    CHECK(statusOf(guardAt(host), "GET", "/readyz", {{"host", ""}}) == 0);
    CHECK(statusOf(guardAt(host), "POST", "/healthz", {}) != 0);
  }
}

TEST_CASE("a port on loopback needs no login", "[http][guard]") {
  for (const std::string host : {"127.0.0.1", "localhost", "::1", "127.3.2.1"}) {
    const Guard guard = guardAt(host);
    CHECK_FALSE(guard.needsLogin());
    CHECK(statusOf(guard, "GET", "/api/v1/applications", {}) == 0);
    CHECK(statusOf(guard, "GET", "/metrics", {}) == 0);
  }
}

TEST_CASE("on any other address all but files and health checks needs the token", "[http][guard]") {
  const std::string right = kToken;
  const struct {
    const char* path;
    Headers headers;
    int status;
  } table[] = {
      {"/", {}, 0},
      {"/app.js", {}, 0},
      {"/healthz", {}, 0},
      {"/api/cerium/v1/login", {}, 0},
      {"/api/cerium/v1/session", {}, 401},
      {"/api/v1/applications", {}, 401},
      {"/metrics", {}, 401},
      {"/nothing", {}, 401},
      {"//", {}, 401},
      {"/app.js/../api/v1/applications", {}, 401},
      {"/json", {{"authorization", "Bearer " + right}}, 0},
      {"/json", {{"authorization", "bearer " + right}}, 401},
      {"/json", {{"authorization", "Bearer " + right + "0"}}, 401},
      {"/json", {{"authorization", "Bearer " + right.substr(1)}}, 401},
      {"/json", {{"authorization", "Bearer "}}, 401},
      {"/json", {{"authorization", "Basic " + right}}, 401},
      {"/json", {{"cookie", "cerium-4040=" + right}}, 0},
      {"/json", {{"cookie", "a=b; cerium-4040=" + right + "; c=d"}}, 0},
      {"/json", {{"cookie", "cerium-4041=" + right}}, 401},
      {"/json", {{"cookie", "cerium=" + right}}, 401},
      {"/json", {{"cookie", "cerium-4040="}}, 401},
      {"/json", {{"cookie", "cerium=" + right}, {"host", "localhost"}}, 0},
      {"/json", {{"x-cerium-token", kChange}}, 401},
      {"/json", {{"authorization", "Bearer " + right}, {"host", "evil.com"}}, 421},
  };
  for (const std::string host : {"0.0.0.0", "::", "10.0.0.7", "node7"}) {
    const Guard guard = guardAt(host);
    CHECK(guard.needsLogin());
    for (const auto& row : table) {
      INFO(host << row.path << (row.headers.empty() ? "" : " with " + row.headers.begin()->second));
      CHECK(statusOf(guard, "GET", row.path, row.headers) == row.status);
    }
  }
}

TEST_CASE("a change needs the token of the session and comes from this port", "[http][guard]") {
  const Headers token{{"x-cerium-token", kChange}};
  const std::string wrong = std::string(kChange).replace(5, 1, "x");
  const struct {
    Headers headers;
    int status;
  } table[] = {
      {token, 0},
      {with(token, "origin", "http://localhost:4040"), 0},
      {with(token, "origin", "HTTP://LOCALHOST:4040"), 0},
      {with(token, "origin", "https://localhost:4040"), 0},
      {with(token, "origin", "https://ui.example.com"), 0},
      {with(token, "origin", "https://ui.example.com:8443"), 0},
      {with(token, "origin", "http://localhost:4041"), 403},
      {with(token, "origin", "http://localhost"), 403},
      {with(token, "origin", "http://node7:9999"), 403},
      {with(token, "origin", "https://ui.example.com:9999"), 403},
      {with(token, "origin", "http://evil.com"), 403},
      {with(token, "origin", "http://localhost:4040.evil.com"), 403},
      {with(token, "origin", "null"), 403},
      {{}, 403},
      {{{"x-cerium-token", ""}}, 403},
      {{{"x-cerium-token", wrong}}, 403},
      {{{"x-cerium-token", kToken}}, 403},
      {{{"origin", "http://localhost:4040"}}, 403},
  };
  const Guard guard = guardAt("127.0.0.1");
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    for (const auto& row : table) {
      INFO(method << ' ' << row.headers.size() << (row.headers.empty() ? "" : " " + row.headers.begin()->second));
      CHECK(statusOf(guard, method, "/api/cerium/v1/applications/a/jobs/1/cancel", row.headers) == row.status);
    }
  }
  CHECK(statusOf(guardAt("10.0.0.7"), "POST", "/x", token) == 401);
  CHECK(statusOf(guardAt("10.0.0.7"), "POST", "/x", with(token, "authorization", std::string("Bearer ") + kToken)) ==
        0);
}

TEST_CASE("a change on another port behind this one is for that port to judge, but comes from a page of this one",
          "[http][guard]") {
  const std::string path = "/proxy/worker-1/api/x";
  CHECK(statusOf(guardAt("127.0.0.1"), "POST", path, {}) == 0);
  CHECK(statusOf(guardAt("127.0.0.1"), "POST", path, {{"origin", "http://evil.com"}}) == 403);
  CHECK(statusOf(guardAt("127.0.0.1"), "GET", path, {{"host", "evil.com"}}) == 421);
  CHECK(statusOf(guardAt("10.0.0.7"), "GET", path, {}) == 401);
  CHECK(statusOf(guardAt("10.0.0.7"), "POST", path, {}) == 401);
  CHECK(statusOf(guardAt("127.0.0.1"), "POST", "/proxyx", {}) == 403);
}

TEST_CASE("a port that lets nothing be changed refuses every change", "[http][guard]") {
  const Guard guard({.host = "127.0.0.1", .token = kToken});
  CHECK(statusOf(guard, "POST", "/x", {}) == 403);
  CHECK(statusOf(guard, "POST", "/x", {{"x-cerium-token", ""}}) == 403);
}

TEST_CASE("a login with the right token sets a cookie that no script and no other site can use", "[http][guard]") {
  const Guard guard = guardAt("0.0.0.0");
  Request request;
  request.method = "POST";
  request.path = kLoginPath;
  request.headers = {{"host", "node7:4040"}};
  CHECK(guard.logIn(request, "").status == 403);
  CHECK(guard.logIn(request, "guess").status == 403);
  CHECK(guard.logIn(request, kChange).headers.empty());
  const Response done = guard.logIn(request, kToken);
  CHECK(done.status == 204);
  REQUIRE(done.headers.size() == 1);
  const std::string cookie = done.headers[0].second;
  CHECK_THAT(cookie, Catch::StartsWith("cerium-4040=") && Catch::EndsWith("; HttpOnly; SameSite=Strict; Path=/"));
  CHECK(statusOf(guard, "GET", "/json", {{"host", "node7:4040"}, {"cookie", cookie.substr(0, cookie.find(';'))}}) == 0);
  CHECK(statusOf(guard, "POST", kLoginPath, {{"origin", "http://evil.com"}}) == 403);
  CHECK(guardAt("127.0.0.1").logIn(request, "").status == 204);
}

}  // namespace cerium::http
