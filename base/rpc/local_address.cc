// Cerium. Licensed under the Apache License 2.0.
#include "base/rpc/local_address.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/util/error.h"

namespace cerium::rpc {

std::string addressTowards(const Endpoint& peer) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(peer.host.c_str(), std::to_string(peer.port).c_str(), &hints, &list);
  if (failed != 0) throw IoError(fmt::format("cannot resolve {}: {}", peer.host, ::gai_strerror(failed)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  int error = 0;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    // Connecting a datagram socket sends nothing: it only asks for the route.
    const int fd = ::socket(each->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    std::array<char, NI_MAXHOST> text{};
    const bool found = fd >= 0 && ::connect(fd, each->ai_addr, each->ai_addrlen) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
                       ::getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text.data(), text.size(), nullptr, 0,
                                     NI_NUMERICHOST) == 0;
    error = errno;
    if (fd >= 0) ::close(fd);
    if (found) return text.data();
  }
  throw IoError(fmt::format("no way leads to {}: {}", peer.str(), std::strerror(error)));
}

}  // namespace cerium::rpc
