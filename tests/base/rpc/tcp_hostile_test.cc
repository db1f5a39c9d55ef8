// Cerium. Licensed under the Apache License 2.0.
// A TCP transport and misbehaving peers, which raw sockets play.
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/rpc/handshake.h"
#include "base/rpc/tcp/frame_header.h"
#include "base/rpc/transport.h"
#include "tests/base/rpc/inbox.h"
#include "tests/support/no_threads.h"

namespace cerium::rpc {

namespace {

/// A raw socket. Its errors appear as missing bytes, which tests check.
class RawSocket {
 public:
  RawSocket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  explicit RawSocket(int fd) : fd_(fd) {}
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~RawSocket() { close(); }

  [[nodiscard]] bool connect(uint16_t port) {
    const sockaddr_in to = localhost(port);
    return ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }

  /// Listens on a free port, which it returns.
  uint16_t listen() {
    sockaddr_in at = localhost(0);
    socklen_t size = sizeof at;
    ::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at);
    ::listen(fd_, 5);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    return ntohs(at.sin_port);
  }
  /// Drops all received packets, acknowledgements too.
  void dropAllThatComes() {
    sock_filter take_nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{.len = 1, .filter = &take_nothing};
    ::setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
  }
  [[nodiscard]] RawSocket accept() { return RawSocket(::accept(fd_, nullptr, nullptr)); }

  void write(std::string_view bytes) { (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

  /// Reads at least one byte; "" at the end of the stream.
  [[nodiscard]] std::string readSome() {
    char buffer[4'096];
    const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
    return count > 0 ? std::string(buffer, static_cast<size_t>(count)) : "";
  }

  /// True when the peer ends the connection, whatever it sends before.
  [[nodiscard]] bool isClosedByPeer() {
    char buffer[4'096];
    ssize_t count = 0;
    while ((count = ::recv(fd_, buffer, sizeof buffer, 0)) > 0) {
    }
    return count == 0 || errno == ECONNRESET;
  }

  /// Shakes hands as an honest peer. False if the acceptor refuses.
  [[nodiscard]] bool shakeHands(const std::string& secret) {
    Handshake handshake(Role::kConnector, secret);
    while (handshake.state() == Handshake::State::kRunning) {
      write(handshake.takeOutput().view());
      const std::string input = readSome();
      if (input.empty()) return false;
      handshake.consume(input);
    }
    return handshake.state() == Handshake::State::kDone;
  }

  /// Closes with a reset, as the kernel does for a killed process with unread bytes.
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  [[nodiscard]] int fd() const { return fd_; }

 private:
  static sockaddr_in localhost(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  int fd_;
};

std::string lengthOf(uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i));
  return bytes;
}

std::string header(const FrameHeader& header) {
  const auto head = header.encoded();
  return {head.data(), head.size()};
}
std::string frame(std::string_view message) { return header(FrameHeader::of(message)) + std::string(message); }

struct Server {
  explicit Server(int handshake_timeout_ms = 60'000)
      : transport(makeTcpTransport({.secret = "x", .handshake_timeout_ms = handshake_timeout_ms})),
        address(transport->listen({"127.0.0.1", 0}, inbox.acceptor())) {}

  /// True if a well-behaved peer can connect and its message arrives.
  [[nodiscard]] bool servesGoodPeer() {
    const size_t before = inbox.messages().size();
    auto client = makeTcpTransport({.secret = "x"});
    const auto connection = client->connect(address, {});
    connection->send(Bytes("good"));
    return inbox.waitForMessages(before + 1);
  }

  Inbox inbox;
  std::unique_ptr<Transport> transport;
  Endpoint address;
};

/// A peer that passes the handshake and never reads, while more is sent to it than socket buffers hold.
struct DeafPeer {
  explicit DeafPeer(Server& server) {
    if (!raw.connect(server.address.port) || !raw.shakeHands("x")) return;
    connection = server.inbox.waitForAccepted();
    if (connection) connection->send(Bytes(std::string(50 << 20, 'x')));
  }

  RawSocket raw;
  ConnectionPtr connection;  // The server's side.
};

}  // namespace

TEST_CASE("bytes that are not a greeting are refused at once", "[rpc]") {
  // The handshake's time limit is longer than the test waits, so only a refusal passes.
  Server server(600'000);
  const std::string bytes = GENERATE(std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), lengthOf(0),
                                     lengthOf(uint64_t{1} << 31), lengthOf(UINT64_MAX));
  RawSocket raw;
  REQUIRE(raw.connect(server.address.port));
  raw.write(bytes);
  CHECK(raw.isClosedByPeer());
  CHECK(server.servesGoodPeer());
  CHECK(server.inbox.acceptedCount() == 1);
}

TEST_CASE("an empty frame after the handshake is an empty message", "[rpc]") {
  Server server;
  RawSocket raw;
  REQUIRE(raw.connect(server.address.port));
  REQUIRE(raw.shakeHands("x"));
  raw.write(frame("") + frame("hi"));
  REQUIRE(server.inbox.waitForMessages(2));
  CHECK(server.inbox.messages() == std::vector<std::string>{"", "hi"});
}

TEST_CASE("a frame over the limit closes an established connection", "[rpc]") {
  Server server;
  const uint64_t length = GENERATE((uint64_t{1} << 30) + 1, uint64_t{1} << 31, uint64_t{UINT64_MAX});
  RawSocket raw;
  REQUIRE(raw.connect(server.address.port));
  REQUIRE(raw.shakeHands("x"));
  raw.write(header({length, 0}));
  CHECK(raw.isClosedByPeer());
  REQUIRE(server.inbox.waitForCloses(1));
  CHECK_THAT(server.inbox.closes()[0], Catch::Contains("over the limit"));
  CHECK(server.inbox.messages().empty());
}

TEST_CASE("a message that was damaged on the wire closes its connection, and says so", "[rpc]") {
  Server server;
  RawSocket raw;
  REQUIRE(raw.connect(server.address.port));
  REQUIRE(raw.shakeHands("x"));
  std::string bytes = frame("good") + frame("good") + frame("good");
  const size_t place = GENERATE(0, 7, 8, 16, 23, 24, 27);  // length, sums and text
  char& damaged = bytes[bytes.size() / 3 + place];
  damaged = static_cast<char>(damaged ^ 4);
  raw.write(bytes);
  CHECK(raw.isClosedByPeer());
  REQUIRE(server.inbox.waitForCloses(1));
  CHECK_THAT(server.inbox.closes()[0], Catch::Contains("damaged on the wire"));
  CHECK(server.inbox.messages() == std::vector<std::string>{"good"});
  CHECK(server.servesGoodPeer());
}

TEST_CASE("a peer with the wrong secret gets no byte of a message and no connection", "[rpc]") {
  Server server;
  RawSocket raw;
  REQUIRE(raw.connect(server.address.port));
  CHECK_FALSE(raw.shakeHands("y"));
  raw.write(frame("hi"));
  CHECK(server.servesGoodPeer());
  CHECK(server.inbox.acceptedCount() == 1);
  CHECK(server.inbox.messages() == std::vector<std::string>{"good"});
}

TEST_CASE("a silent connection is closed after the handshake's time limit", "[rpc]") {
  Server server(100);
  RawSocket silent;
  RawSocket slow;
  REQUIRE(silent.connect(server.address.port));
  REQUIRE(slow.connect(server.address.port));
  slow.write("CERI");
  CHECK(silent.isClosedByPeer());
  CHECK(slow.isClosedByPeer());
  CHECK(server.inbox.acceptedCount() == 0);
}

TEST_CASE("a peer that leaves in the middle of the handshake does no harm", "[rpc]") {
  Server server;
  for (const bool hard : {false, true}) {
    RawSocket raw;
    REQUIRE(raw.connect(server.address.port));
    raw.write("CERIUM");
    hard ? raw.reset() : raw.close();
  }
  CHECK(server.servesGoodPeer());
  CHECK(server.inbox.acceptedCount() == 1);
}

TEST_CASE("a thousand silent connections do not keep a good peer out", "[rpc]") {
  Server server(600'000);
  std::vector<RawSocket> silent(1'000);
  size_t connected = 0;
  for (RawSocket& raw : silent) connected += raw.connect(server.address.port) ? 1 : 0;
  CHECK(connected == silent.size());
  CHECK(server.servesGoodPeer());
  // The oldest connections were dropped in favour of the newest.
  CHECK(silent.front().isClosedByPeer());
  pollfd newest{.fd = silent.back().fd(), .events = POLLIN, .revents = 0};
  CHECK(::poll(&newest, 1, 0) == 0);
}

TEST_CASE("a killed peer is told at once", "[rpc]") {
  Server server;
  RawSocket raw;
  REQUIRE(raw.connect(server.address.port));
  REQUIRE(raw.shakeHands("x"));
  SECTION("by a reset") {
    raw.reset();
    REQUIRE(server.inbox.waitForCloses(1));
    CHECK(server.inbox.closes()[0] == "connection reset by peer");
  }
  SECTION("by the end of the stream") {
    raw.close();
    REQUIRE(server.inbox.waitForCloses(1));
    CHECK(server.inbox.closes()[0] == "closed by peer");
  }
  SECTION("by the end of the stream inside a message") {
    raw.write(header({100, 0}) + "only this");
    raw.close();
    REQUIRE(server.inbox.waitForCloses(1));
    CHECK(server.inbox.closes()[0] == "closed by peer in the middle of a message");
    CHECK(server.inbox.messages().empty());
  }
}

TEST_CASE("connecting to a port that is not Cerium's names the cause", "[rpc]") {
  auto client = makeTcpTransport({.secret = "x", .handshake_timeout_ms = 200});
  RawSocket listener;
  const uint16_t port = listener.listen();
  std::string answer;
  const char* cause = nullptr;
  SECTION("a web server") {
    answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
    cause = "not a Cerium port";
  }
  SECTION("another release of Cerium") {
    answer = std::string("CERIUM\x09\0", 8);
    cause = "version 9";
  }
  SECTION("a port that says nothing") { cause = "timed out"; }
  std::thread other([&] {
    RawSocket accepted = listener.accept();
    accepted.write(answer);
    (void)accepted.isClosedByPeer();
  });
  const std::string failure = connectFailure(*client, {"127.0.0.1", port});
  other.join();
  CHECK_THAT(failure, Catch::Contains(cause) && Catch::Contains(std::to_string(port)));
}

TEST_CASE("connecting to a port that closes at once names the cause", "[rpc]") {
  auto client = makeTcpTransport({.secret = "x"});
  RawSocket listener;
  const uint16_t port = listener.listen();
  std::thread other([&] { listener.accept().close(); });
  const std::string failure = connectFailure(*client, {"127.0.0.1", port});
  other.join();
  CHECK_THAT(failure, Catch::Contains("not a Cerium port"));
}

TEST_CASE("connecting gives up after its own time limit", "[rpc]") {
  auto client = makeTcpTransport({.secret = "x", .handshake_timeout_ms = 600'000});
  RawSocket silent;
  const uint16_t port = silent.listen();
  const std::string failure = connectFailure(*client, {"127.0.0.1", port}, 50);
  CHECK_THAT(failure, Catch::Contains("timed out after 50 ms"));
}

TEST_CASE("connecting ends when it is told to", "[rpc]") {
  auto client = makeTcpTransport({.secret = "x", .handshake_timeout_ms = 600'000});
  RawSocket silent;
  const uint16_t port = silent.listen();
  int asked = 0;
  const auto stop = [&] { return std::string(++asked < 3 ? "" : "the caller has given up"); };
  CHECK_THAT(connectFailure(*client, {"127.0.0.1", port}, 600'000, stop),
             Catch::Contains("the caller has given up") && Catch::Contains(std::to_string(port)));
  CHECK(asked == 3);
}

TEST_CASE("a name that does not resolve is reported", "[rpc]") {
  auto client = makeTcpTransport({.secret = "x"});
  CHECK_THAT(connectFailure(*client, {"no such host", 1}), Catch::Contains("does not resolve"));
}

TEST_CASE("a transport can be destroyed while it connects", "[rpc]") {
  auto client = makeTcpTransport({.secret = "x"});
  RawSocket silent;
  const Endpoint to{"127.0.0.1", silent.listen()};
  std::string failure;
  std::thread connecting([&] { failure = connectFailure(*client, to); });
  // Once the connection is accepted, connect() waits for a handshake that never comes.
  RawSocket accepted = silent.accept();
  client.reset();
  connecting.join();
  CHECK_THAT(failure, Catch::Contains("destroyed"));
}

TEST_CASE("a closing connection whose peer reads nothing is cut in the end", "[rpc][.slow]") {
  Server server;
  const DeafPeer deaf(server);
  REQUIRE(deaf.connection);
  deaf.connection->close();
  REQUIRE(server.inbox.waitForCloses(1));
  CHECK_THAT(server.inbox.closes()[0], Catch::Contains("did not take the last"));
}

TEST_CASE("a closing connection whose peer reads nothing does not keep its transport alive", "[rpc]") {
  Server server;
  const DeafPeer deaf(server);
  REQUIRE(deaf.connection);
  deaf.connection->close();
  server.transport.reset();
  CHECK(server.inbox.closes().size() == 1);
}

TEST_CASE("a peer that stands still is waited for, one whose machine vanished is not", "[rpc][.slow]") {
  Server waits;
  const DeafPeer deaf(waits);
  REQUIRE(deaf.connection);
  Server server;
  RawSocket vanished;
  REQUIRE(vanished.connect(server.address.port));
  REQUIRE(vanished.shakeHands("x"));
  const ConnectionPtr connection = server.inbox.waitForAccepted();
  REQUIRE(connection);
  vanished.dropAllThatComes();
  connection->send(Bytes("is there anybody?"));
  REQUIRE(server.inbox.waitForCloses(1));
  CHECK(server.inbox.closes()[0] == "the peer's machine does not answer");
  std::this_thread::sleep_for(std::chrono::seconds(10));  // 20 s together
  CHECK(waits.inbox.closes().empty());
}

TEST_CASE("a process without free file descriptors waits for some without spinning", "[rpc]") {
  Server server;
  // The I/O thread has started and the connection is gone: no descriptor is freed while the test counts them.
  REQUIRE(server.servesGoodPeer());
  REQUIRE(server.inbox.waitForCloses(1));
  std::vector<RawSocket> waiting(3);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  // The lowest free descriptor is the first that must not be used any more.
  const int next = ::dup(0);
  REQUIRE(next >= 0);
  ::close(next);
  rlimit none_free = before;
  none_free.rlim_cur = static_cast<rlim_t>(next);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none_free) == 0);
  const bool is_exhausted = ::dup(0) == -1;
  size_t connected = 0;
  for (RawSocket& raw : waiting) connected += raw.connect(server.address.port) ? 1 : 0;
  // The test is that the processor stays idle, so there is no event to wait for.
  const std::clock_t busy_before = std::clock();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const double busy_seconds = static_cast<double>(std::clock() - busy_before) / CLOCKS_PER_SEC;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(is_exhausted);
  CHECK(connected == waiting.size());
  CHECK(busy_seconds < 0.25);
  CHECK(server.servesGoodPeer());
}

TEST_CASE("a name that cannot be looked up without a thread is an error, and is looked up the next time",
          "[base][rpc][tcp]") {
  const auto server = makeTcpTransport({});
  const Endpoint at = server->listen({"127.0.0.1", 0}, [](const ConnectionPtr&) { return Handlers(); });
  const auto client = makeTcpTransport({});
  {
    const testing::NoThreads exhausted;
    CHECK_THROWS_WITH(client->connect({"localhost", at.port}, {}),
                      Catch::Contains("cannot connect to localhost") && Catch::Contains("no thread"));
  }
  CHECK(client->connect({"localhost", at.port}, {}) != nullptr);
}

}  // namespace cerium::rpc
