// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/http/web_port.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <string>

#include "base/util/host_name.h"
#include "web-ui/http/client.h"
#include "web-ui/http/prometheus.h"

namespace cerium::http {
namespace {

constexpr StaticFile kPage{"/", "text/html", ""};

Router someRoutes() {
  Router router;
  router.get("/json", [](const Request&) { return Response{"{}"}; });
  router.post("/kill", [](const Request&) { return Response{.status = 204}; });
  return router;
}

std::string local(const WebPort& port, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(port.port()) + path;
}

boost::json::object sessionAt(const WebPort& port, const std::string& cookie = {}) {
  const Response answer = fetch({.url = local(port, "/api/cerium/v1/session"), .headers = {{"Cookie", cookie}}});
  REQUIRE(answer.status == 200);
  return boost::json::parse(answer.body).as_object();
}

}  // namespace

TEST_CASE("a web port on loopback tells its pages what they may do", "[http]") {
  const WebPort port({.server = {},
                      .pages = "driver",
                      .version = "1.2",
                      .application = [] { return std::string("app-1"); },
                      .can_change = true},
                     someRoutes());
  CHECK(port.url() == local(port, ""));
  CHECK(port.link() == port.url());
  const auto session = sessionAt(port);
  CHECK(session.at("pages") == "driver");
  CHECK(session.at("version") == "1.2");
  CHECK(session.at("appId") == "app-1");
  CHECK(session.at("canChange") == true);
  CHECK(session.at("insecure") == false);
  const std::string token(session.at("token").as_string());
  CHECK(token.size() == 32);
  CHECK(fetch({.url = local(port, "/kill"), .method = "POST"}).status == 403);
  CHECK(fetch({.url = local(port, "/kill"), .method = "POST", .headers = {{"X-Cerium-Token", token}}}).status == 204);
  CHECK(fetch({.url = local(port, "/json"), .headers = {{"Host", "evil.com"}}}).status == 421);
  CHECK(httpGet(local(port, "/healthz")).body == "ok\n");
  CHECK(httpGet(local(port, "/readyz")).body == "ok\n");
}

TEST_CASE("a web port that changes nothing gives no token to pages", "[http]") {
  const WebPort port({.server = {}, .pages = "history"}, someRoutes());
  const auto session = sessionAt(port);
  CHECK(session.at("appId").is_null());
  CHECK(session.at("canChange") == false);
  CHECK(session.at("token").is_null());
  CHECK(fetch({.url = local(port, "/kill"), .method = "POST"}).status == 403);
}

TEST_CASE("a web port that others reach lets in those who have its link", "[http]") {
  const WebPort port({.server = {.host = "0.0.0.0"}, .pages = "manager", .can_change = true, .files = {&kPage, 1}},
                     someRoutes());
  const std::string prefix = "http://" + hostName() + ":" + std::to_string(port.port()) + "/?token=";
  REQUIRE_THAT(port.link(), Catch::StartsWith(prefix));
  CHECK(port.url().find("token") == std::string::npos);
  const std::string token = port.link().substr(prefix.size());
  CHECK(token.size() == 32);
  CHECK(httpGet(local(port, "/healthz")).status == 200);
  CHECK(httpGet(local(port, "/")).status != 401);
  CHECK(httpGet(local(port, "/json")).status == 401);
  CHECK(httpGet(local(port, "/json?token=" + token)).status == 401);
  CHECK(httpGet(local(port, "/api/cerium/v1/session")).status == 401);
  CHECK(fetch({.url = local(port, "/json"), .headers = {{"Authorization", "Bearer " + token}}}).status == 200);

  const auto login = [&](const std::string& body) {
    return fetch({.url = local(port, kLoginPath), .method = "POST", .body = body});
  };
  CHECK(login("").status == 400);
  CHECK(login("[1]").status == 400);
  CHECK(login(R"({"token": 7})").status == 400);
  CHECK(login(R"({"token": "guess"})").status == 403);
  const Response done = login(R"({"token": ")" + token + "\"}");
  REQUIRE(done.status == 204);
  std::string cookie;
  for (const auto& [name, value] : done.headers) {
    if (name == "Set-Cookie") cookie = value.substr(0, value.find(';'));
  }
  const std::string change(sessionAt(port, cookie).at("token").as_string());
  CHECK(change != token);
  CHECK(fetch({.url = local(port, "/kill"), .method = "POST", .headers = {{"Cookie", cookie}}}).status == 403);
  CHECK(
      fetch(
          {.url = local(port, "/kill"), .method = "POST", .headers = {{"Cookie", cookie}, {"X-Cerium-Token", change}}})
          .status == 204);
}

TEST_CASE("each web port has tokens of its own, but the ports of a cluster may share one", "[http]") {
  const WebPort one({.server = {.host = "0.0.0.0"}, .pages = "worker"}, Router());
  const WebPort two({.server = {.host = "0.0.0.0"}, .pages = "worker"}, Router());
  CHECK(one.link().substr(one.link().find('=')) != two.link().substr(two.link().find('=')));
  CHECK(clusterToken("open sesame").size() == 32);
  CHECK(clusterToken("open sesame") == clusterToken("open sesame"));
  CHECK(clusterToken("open sesame") != clusterToken("open sesam"));
  CHECK(clusterToken("").empty());
}

TEST_CASE("figures have the form that Prometheus reads", "[http]") {
  Metrics metrics;
  metrics.gauge("cerium_cores", "Cores of all executors.", 8);
  metrics.counter("cerium_events_dropped_total", "Events that were left out.", 0);
  metrics.states("cerium_jobs", "Jobs.", {{"running", 1}, {"failed", 20}});
  const Response response = metrics.response();
  CHECK(response.type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(response.body ==
        "# HELP cerium_cores Cores of all executors.\n# TYPE cerium_cores gauge\ncerium_cores 8\n"
        "# HELP cerium_events_dropped_total Events that were left out.\n# TYPE cerium_events_dropped_total counter\n"
        "cerium_events_dropped_total 0\n"
        "# HELP cerium_jobs Jobs.\n# TYPE cerium_jobs gauge\ncerium_jobs{state=\"running\"} 1\n"
        "cerium_jobs{state=\"failed\"} 20\n");
}

}  // namespace cerium::http
