// Cerium. Licensed under the Apache License 2.0.
// Any bytes sent to a web port: a real server in this process, with a connection for each input.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "web-ui/http/server.h"

using namespace cerium;

namespace {

http::Router routes() {
  http::Router router;
  router.get("/healthz", [](const http::Request&) { return http::plain(200, "ok"); });
  router.get("/json", [](const http::Request&) -> http::Response { throw IoError("there is no answer today"); });
  router.get("/logs/{executor}/{rest...}", [](const http::Request& request) {
    return http::plain(200, request.params.at("rest") + request.get("file") + request.cookie("a"));
  });
  router.post("/login", [](const http::Request& request) { return http::plain(200, request.body); });
  return router;
}

const http::Server& server() {
  static const http::Server one({}, routes());
  return one;
}

/// Sends a request and returns the answer. Calls that libFuzzer's clock interrupts are repeated. The connection ends
/// with a reset, because 60 s of fuzzing need hundreds of thousands of ports.
std::string ask(std::string_view request) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(server().port());
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const linger reset{.l_onoff = 1, .l_linger = 0};
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  fuzz::check(TEMP_FAILURE_RETRY(::connect(socket, reinterpret_cast<sockaddr*>(&at), sizeof at)) == 0,
              "the server does not listen any more");
  (void)::send(socket, request.data(), request.size(), MSG_NOSIGNAL);  // the server may refuse it before the end
  ::shutdown(socket, SHUT_WR);
  std::string answer;
  char bytes[4096];
  for (ssize_t n = 1; n > 0;) {
    n = TEMP_FAILURE_RETRY(::recv(socket, bytes, sizeof bytes, 0));
    fuzz::check(n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK),
                "a request that ended is neither answered nor closed");
    if (n > 0) answer.append(bytes, static_cast<size_t>(n));
  }
  ::close(socket);
  return answer;
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {"GET /healthz HTTP/1.1\r\nHost: node1:8080\r\nConnection: close\r\n\r\n",
          "HEAD /healthz?x=1 HTTP/1.0\r\n\r\n",
          "GET /json HTTP/1.1\r\nAccept: */*\r\n\r\n",
          "POST /login HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
          "GET /logs/1/a%2fb/%zz?file=x&offset=1+2&&=3 HTTP/1.1\r\nCookie: b=1; a=2\r\n\r\n",
          "POST /json HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
          "GET /nowhere HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\n\r\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string answer = ask(fuzz::textOf(data, size));
  if (answer.empty()) return 0;
  const std::string status = answer.substr(0, 13);
  const bool known = status == "HTTP/1.1 200 " || status == "HTTP/1.1 404 " || status == "HTTP/1.1 405 " ||
                     status == "HTTP/1.1 413 " || status == "HTTP/1.1 500 ";
  fuzz::check(known, "an answer that is none of the five there are");
  fuzz::decodedWhole();
  return 0;
}
