// Cerium. Licensed under the Apache License 2.0.
// One port passes requests on to another.
#include "web-ui/http/relay.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "web-ui/http/client.h"
#include "web-ui/http/server.h"

namespace cerium::http {
namespace {

using std::chrono_literals::operator""ms;

/// Says what it was asked.
Router echo() {
  Router router;
  const auto say = [](const Request& request) {
    std::string said = request.method + " " + request.target + " " + request.body;
    for (const char* name : {"host", "authorization", "cookie", "origin", "x-cerium-token", "x-cerium-through"})
      said += std::string("\n") + name + "=" + request.header(name);
    return plain(200, said);
  };
  router.get("/echo/{rest...}", say);
  router.post("/echo/{rest...}", say);
  router.get("/large", [](const Request&) { return Response{std::string(3'000'000, 'x')}; });
  router.get("/events", [](const Request&) {
    Response response;
    response.events = [] { return std::string("data: hello\n\n"); };
    return response;
  });
  return router;
}

/// Passes everything on.
Router passingOn(uint16_t port) {
  Router router;
  const auto pass = [port](const Request& request) {
    return Response{.upstream = Upstream{"127.0.0.1", port, request.target, "the token"}};
  };
  router.get("/{rest...}", pass);
  router.post("/{rest...}", pass);
  return router;
}

std::string urlOf(const Server& server, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(server.port()) + path;
}

}  // namespace

TEST_CASE("a request is passed on whole, with the login of this port instead of the browser's", "[http]") {
  const Server server({}, echo());
  const Server front({}, passingOn(server.port()));
  const Response answer = fetch({.url = urlOf(front, "/echo/a%2fb?x=%20"),
                                 .method = "POST",
                                 .headers = {{"Cookie", "cerium-1=secret"},
                                             {"Authorization", "Bearer secret"},
                                             {"Origin", "http://127.0.0.1"},
                                             {"X-Cerium-Token", "of the session"}},
                                 .body = "the body"});
  CHECK(answer.status == 200);
  CHECK(answer.type == "text/plain; charset=utf-8");
  CHECK(answer.body == "POST /echo/a%2fb?x=%20 the body\nhost=127.0.0.1:" + std::to_string(server.port()) +
                           "\nauthorization=Bearer the token\ncookie=\norigin=\nx-cerium-token=of the session\n"
                           "x-cerium-through=manager\n");
  CHECK(httpGet(urlOf(front, "/large")).body.size() == 3'000'000);
  CHECK(httpGet(urlOf(front, "/nothing")).status == 404);
}

TEST_CASE("a stream of events flows through, and ends with either server", "[http]") {
  auto server = std::make_unique<Server>(Server::Options{.between_events = 1ms}, echo());
  auto front = std::make_unique<Server>(Server::Options{}, passingOn(server->port()));
  // The stream has no end, so the client's time is over first: the front keeps it open.
  CHECK_THROWS_WITH(httpGet(urlOf(*front, "/events"), 200ms), Catch::Contains("does not answer within"));
  if (GENERATE(true, false)) {
    server.reset();
  } else {
    front.reset();
  }
}

TEST_CASE("a server that cannot be reached is named in the answer", "[http]") {
  const Server front({}, passingOn(1));
  const Response answer = httpGet(urlOf(front, "/x"));
  CHECK(answer.status == 502);
  CHECK_THAT(answer.body, Catch::StartsWith("the pages at 127.0.0.1:1 cannot be reached from here: "));
}

}  // namespace cerium::http
