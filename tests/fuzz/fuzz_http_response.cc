// Cerium. Licensed under the Apache License 2.0.
// Any answer of a web port to `cerium healthcheck`: the real client, and a server that sends the fuzzer's bytes.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <semaphore>
#include <thread>

#include "tests/fuzz/fuzz.h"
#include "web-ui/http/client.h"

using namespace cerium;

namespace {

/// Sends the same bytes to every client, then closes. Calls that libFuzzer's clock interrupts are repeated.
class Answering {
 public:
  Answering() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* address = reinterpret_cast<sockaddr*>(&at);
    fuzz::check(::bind(socket_, address, size) == 0 && ::listen(socket_, 16) == 0 &&
                    ::getsockname(socket_, address, &size) == 0,
                "there is no port to listen on");
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port)) + "/healthz";
    std::thread([this] { serve(); }).detach();  // it lives as long as the process
  }

  const std::string& url() const { return url_; }
  void say(std::string_view words) {
    words_ = words;
    given_.release();
  }
  /// Waits until the bytes are sent.
  void waitUntilSaid() { said_.acquire(); }

 private:
  void serve() {
    for (;;) {
      given_.acquire();
      const int peer = TEMP_FAILURE_RETRY(::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC));
      fuzz::check(peer >= 0, "the client does not connect");
      char question[1024];
      (void)TEMP_FAILURE_RETRY(::recv(peer, question, sizeof question, 0));
      (void)::send(peer, words_.data(), words_.size(), MSG_NOSIGNAL);
      ::shutdown(peer, SHUT_WR);
      while (TEMP_FAILURE_RETRY(::recv(peer, question, sizeof question, 0)) > 0) {
      }
      const linger reset{.l_onoff = 1, .l_linger = 0};  // without it the kernel remembers each for a minute
      ::setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      ::close(peer);
      said_.release();
    }
  }

  const int socket_;
  std::string url_;
  std::string_view words_;
  std::binary_semaphore given_{0};
  std::binary_semaphore said_{0};
};

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
          "HTTP/1.1 503 Standby\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n",
          "HTTP/1.0 404 Not Found\r\nConnection: close\r\n\r\nuntil the end", "HTTP/1.1 204 No Content\r\n\r\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* server = new Answering();
  server->say(fuzz::textOf(data, size));
  try {
    const auto answer = http::httpGet(server->url(), std::chrono::seconds(20));
    fuzz::check(answer.body.size() <= size && answer.status >= 0 && answer.status <= 999, "more than was said");
    fuzz::decodedWhole();
  } catch (const IoError& error) {
    fuzz::check(std::string_view(error.what()).find("does not answer") == std::string_view::npos,
                "the client waits for an answer that has ended");
  }
  server->waitUntilSaid();
  return 0;
}
