// Cerium. Licensed under the Apache License 2.0.
// The web port over real sockets.
#include "web-ui/http/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/util/error.h"
#include "web-ui/http/client.h"

namespace cerium::http {
namespace {

using std::chrono_literals::operator""ms;

constexpr int kMaxConnections = 128;

Router someRoutes() {
  Router router;
  router.get("/healthz", [](const Request&) { return plain(200, "ok"); });
  router.get("/large", [](const Request&) { return Response{std::string(3'000'000, 'x')}; });
  router.get("/broken", [](const Request&) -> Response { throw std::runtime_error("no such thing"); });
  router.get("/peer", [](const Request& request) { return plain(200, request.peer + " " + request.header("x-name")); });
  router.post("/echo", [](const Request& request) { return plain(200, request.get("q") + request.body); });
  router.get("/events", [](const Request&) {
    Response response;
    response.events = [said = 0]() mutable { return ++said == 1 ? std::string("data: hello\n\n") : std::string(); };
    return response;
  });
  return router;
}

std::string urlOf(const Server& server, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(server.port()) + path;
}

/// A plain socket to the server. It waits for 20 s at most.
class RawClient {
 public:
  explicit RawClient(const Server& server) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
      throw std::runtime_error("cannot connect");
  }
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(const std::string& text) const { (void)::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  /// Everything up to the server's close, or up to `end`.
  [[nodiscard]] std::string hear(const std::string& end = {}) const {
    std::string heard;
    char piece[4096];
    while (end.empty() || heard.find(end) == std::string::npos) {
      const ssize_t count = ::recv(fd_, piece, sizeof(piece), 0);
      if (count == 0 || (count < 0 && errno == ECONNRESET)) return heard;
      if (count < 0) throw std::runtime_error("the server neither answers nor closes");
      heard.append(piece, static_cast<size_t>(count));
    }
    return heard;
  }
  [[nodiscard]] std::string say(const std::string& text) const {
    send(text);
    return hear();
  }

 private:
  const int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

}  // namespace

TEST_CASE("a web port answers the paths it knows", "[http]") {
  const Server server({}, someRoutes());
  CHECK(httpGet(urlOf(server, "/healthz")).body == "ok\n");
  CHECK(httpGet(urlOf(server, "/healthz?verbose=1")).type == "text/plain; charset=utf-8");
  CHECK(httpGet(urlOf(server, "/large")).body.size() == 3'000'000);
  CHECK(httpGet(urlOf(server, "/nothing")).status == 404);
  const Response broken = httpGet(urlOf(server, "/broken"));
  CHECK(broken.status == 500);
  CHECK(broken.body == "no such thing\n");
  CHECK(fetch({.url = urlOf(server, "/peer"), .headers = {{"X-Name", "me"}}}).body == "127.0.0.1 me\n");
}

TEST_CASE("a web port answers HEAD with the headers of GET, and POST with its body", "[http]") {
  const Server server({}, someRoutes());
  const std::string head = RawClient(server).say("HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_THAT(head, Catch::Contains("Content-Length: 3000000") && Catch::EndsWith("\r\n\r\n"));
  CHECK_THAT(head, Catch::Contains("X-Content-Type-Options: nosniff") && Catch::Contains("Cache-Control: no-store"));
  const std::string body(60'000, 'b');
  CHECK(fetch({.url = urlOf(server, "/echo?q=a%20b"), .method = "POST", .body = body}).body == "a b" + body + "\n");
  CHECK(fetch({.url = urlOf(server, "/large"), .method = "POST"}).status == 405);
  CHECK(httpGet(urlOf(server, "/echo")).status == 405);
}

TEST_CASE("a web port takes no large or malformed requests", "[http]") {
  const Server server({}, someRoutes());
  const std::string large =
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" + std::string(70'000, 'x');
  CHECK_THAT(RawClient(server).say(large), Catch::StartsWith("HTTP/1.1 413 "));
  CHECK(RawClient(server).say("GET /large HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n").empty());
  CHECK(RawClient(server).say(std::string("\0\1\2\3\r\n\r\n", 8)).empty());
  CHECK(httpGet(urlOf(server, "/healthz")).status == 200);
}

TEST_CASE("a stream of events says what there is, and that it lives when there is nothing", "[http]") {
  const Server server({.patience = 5'000ms, .between_events = 1ms}, someRoutes());
  const RawClient client(server);
  client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string heard = client.hear("event: alive\ndata:\n\n");
  CHECK_THAT(heard, Catch::StartsWith("HTTP/1.1 200 ") && Catch::Contains("Content-Type: text/event-stream"));
  CHECK_THAT(heard, Catch::Contains("\r\n\r\ndata: hello\n\nevent: alive\n"));
  CHECK(httpGet(urlOf(server, "/healthz")).status == 200);
}

TEST_CASE("a server ends while its streams of events are open", "[http]") {
  auto server = std::make_unique<Server>(Server::Options{}, someRoutes());
  const RawClient client(*server);
  client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_FALSE(client.hear("hello").empty());
  server.reset();
  CHECK(client.hear().find("alive") == std::string::npos);
}

TEST_CASE("a connection beyond the limit is closed, and connections that end make room", "[http]") {
  const Server server({.patience = 60'000ms}, someRoutes());
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < kMaxConnections; ++i) silent.push_back(std::make_unique<RawClient>(server));
  CHECK(RawClient(server).say("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").empty());
  silent.pop_back();
  int status = 0;
  for (int tries = 0; tries < 1000 && status != 200; ++tries) {
    try {
      status = httpGet(urlOf(server, "/healthz")).status;
    } catch (const IoError&) {
      status = -1;  // The server has not seen the end of the silent one yet.
    }
  }
  CHECK(status == 200);
}

TEST_CASE("silent and slow clients are given up, and do not keep others waiting", "[http]") {
  const Server server({.patience = 200ms}, someRoutes());
  const RawClient silent(server);
  const RawClient slow(server);
  const RawClient deaf(server);
  slow.send("GET /heal");
  deaf.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(httpGet(urlOf(server, "/healthz")).status == 200);
  CHECK(silent.hear().empty());
  CHECK(slow.hear().empty());
  CHECK(httpGet(urlOf(server, "/healthz")).status == 200);
}

TEST_CASE("a used web port is named, or the next free one is taken", "[http]") {
  const Server first({}, someRoutes());
  const std::string address = "127.0.0.1:" + std::to_string(first.port());
  CHECK_THROWS_WITH(Server({.port = first.port(), .setting = "--webui-port"}, Router()),
                    Catch::Contains(address) && Catch::Contains("choose another --webui-port"));
  const Server second({.port = first.port(), .tries = 17}, someRoutes());
  CHECK(second.port() > first.port());
  CHECK(httpGet(urlOf(second, "/healthz")).status == 200);
  CHECK_THROWS_WITH(Server({.host = "no.such.host.invalid"}, Router()), Catch::Contains("no.such.host.invalid"));
}

TEST_CASE("a client names an address that it cannot ask", "[http]") {
  CHECK_THROWS_AS(httpGet("https://127.0.0.1/"), InvalidArgument);
  CHECK_THROWS_AS(httpGet("http://:80/"), InvalidArgument);
  CHECK_THROWS_WITH(httpGet("http://127.0.0.1:1/"), Catch::Contains("http://127.0.0.1:1/"));
}

}  // namespace cerium::http
