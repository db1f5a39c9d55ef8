// Cerium. Licensed under the Apache License 2.0.
// The web port: its answers, and clients that misbehave.
#include "web-ui/http/status_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/util/error.h"
#include "web-ui/http/status_client.h"

namespace cerium::cluster_manager {
namespace {

std::map<std::string, StatusServer::Handler> somePages() {
  return {{"/healthz",
           [] {
             return HttpAnswer{"ok\n", "text/plain"};
           }},
          {"/json", [] { return HttpAnswer{std::string(3'000'000, 'x')}; }},
          {"/broken", []() -> HttpAnswer { throw std::runtime_error("no such thing"); }}};
}

std::string urlOf(const StatusServer& server, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(server.port()) + path;
}

/// A plain socket to the server.
class RawClient {
 public:
  explicit RawClient(const StatusServer& server) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
      throw std::runtime_error("cannot connect");
  }
  ~RawClient() { ::close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// Sends `text` and returns everything up to the server's close.
  [[nodiscard]] std::string say(const std::string& text) const {
    (void)::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    std::string heard;
    char piece[4096];
    for (ssize_t count = 0; (count = ::recv(fd_, piece, sizeof(piece), 0)) > 0;) heard.append(piece, count);
    return heard;
  }

 private:
  const int fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
};

}  // namespace

TEST_CASE("a web port answers the paths it knows", "[cluster-manager]") {
  StatusServer server("127.0.0.1", 0, somePages());
  CHECK(httpGet(urlOf(server, "/healthz")).body == "ok\n");
  CHECK(httpGet(urlOf(server, "/healthz?verbose=1")).type == "text/plain");
  CHECK(httpGet(urlOf(server, "/json")).body.size() == 3'000'000);
  const HttpAnswer missing = httpGet(urlOf(server, "/nothing"));
  CHECK(missing.status == 404);
  CHECK(missing.body.find("/healthz /json") != std::string::npos);
  const HttpAnswer broken = httpGet(urlOf(server, "/broken"));
  CHECK(broken.status == 500);
  CHECK(broken.body == "no such thing\n");
}

TEST_CASE("a web port changes nothing and takes no large or malformed requests", "[cluster-manager]") {
  StatusServer server("127.0.0.1", 0, somePages());
  CHECK(RawClient(server).say("POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").find(" 405 ") == 8);
  const std::string head = RawClient(server).say("HEAD /json HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(head.find("Content-Length: 3000000") != std::string::npos);
  CHECK(head.ends_with("\r\n\r\n"));
  CHECK(RawClient(server).say("GET /json HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n").empty());
  CHECK(RawClient(server).say(std::string("\0\1\2\3\r\n\r\n", 8)).empty());
  CHECK(httpGet(urlOf(server, "/healthz")).status == 200);
}

TEST_CASE("silent clients do not keep others from a web port", "[cluster-manager]") {
  StatusServer server("127.0.0.1", 0, somePages());
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 100; ++i) silent.push_back(std::make_unique<RawClient>(server));
  CHECK(httpGet(urlOf(server, "/healthz")).status == 200);
  for (int i = 0; i < 100; ++i) silent.push_back(std::make_unique<RawClient>(server));
  silent.clear();
  int status = 0;
  for (int tries = 0; tries < 100 && status != 200; ++tries) {
    try {
      status = httpGet(urlOf(server, "/healthz")).status;
    } catch (const IoError&) {
      status = -1;  // beyond the limit of connections
    }
  }
  CHECK(status == 200);
}

TEST_CASE("a used web port, and an unknown page, are named", "[cluster-manager]") {
  StatusServer server("127.0.0.1", 0, somePages());
  const uint16_t port = server.port();
  CHECK_THROWS_WITH(StatusServer("127.0.0.1", port, {}), Catch::Contains("127.0.0.1:" + std::to_string(port)));
  CHECK_THROWS_AS(httpGet("https://127.0.0.1/"), InvalidArgument);
  CHECK_THROWS_AS(httpGet("http://:80/"), InvalidArgument);
  CHECK_THROWS_AS(httpGet("http://127.0.0.1:1/"), IoError);
}

}  // namespace cerium::cluster_manager
