// Cerium. Licensed under the Apache License 2.0.
// Strangers at every port of a driver and its executors: they are disconnected, and jobs go on.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>

#include "tests/support/processes.h"

namespace cerium {
namespace {

using namespace testing;

int connectTo(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<uint16_t>(port));
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
  ::close(fd);
  return -1;
}

std::string frame(uint64_t length) { return {reinterpret_cast<const char*>(&length), sizeof length}; }

/// True if the other side ends the connection within 20 s, whatever it sends before.
bool isLetGo(int fd) {
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n == 0 || (n < 0 && errno == ECONNRESET)) return true;
    if (n < 0) return false;
  }
}

}  // namespace

TEST_CASE("strangers at every port are disconnected, and jobs go on", "[cluster][security]") {
  TempFolder folder;
  Context sc(clusterConf("local-cluster[2,1,256m]", folder));
  REQUIRE(
      sc.range(0, 100, 1, 4).map([](int64_t x) { return std::pair(x % 3, x); }).reduceByKey(std::plus<>()).count() ==
      3);
  auto processes = executorPids();
  REQUIRE(processes.size() == 2);
  processes.push_back(::getpid());
  std::set<int> ports;
  REQUIRE(eventually([&] {
    ports = listeningPorts(processes);
    return ports.size() >= 4;  // the driver's two ports, and one of each executor
  }));

  const std::vector<std::string> greetings{
      frame(0),
      frame(uint64_t{1} << 31),
      frame(~uint64_t{0}),
      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
      std::string(100'000, '\x16'),
      "",  // half open: sends nothing
      "CE",
  };
  std::vector<int> strangers;
  for (int port : ports) {
    for (const std::string& greeting : greetings) {
      const int fd = connectTo(port);
      REQUIRE(fd >= 0);
      (void)!::send(fd, greeting.data(), greeting.size(), MSG_NOSIGNAL);
      strangers.push_back(fd);
    }
  }
  // While all of them wait:
  CHECK(sc.range(0, 1000, 1, 8).map([](int64_t x) { return std::pair(x % 7, x); }).groupByKey().count() == 7);
  for (int fd : strangers) {
    CHECK(isLetGo(fd));
    ::close(fd);
  }
  CHECK(sc.range(0, 1000, 1, 8).sum() == 499'500);
  CHECK(executorPids().size() == 2);
}

}  // namespace cerium
