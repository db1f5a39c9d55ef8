// Cerium. Licensed under the Apache License 2.0.
#include "base/rpc/local_address.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/util/error.h"

namespace cerium::rpc {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

}  // namespace

std::string addressTowards(const Endpoint& peer) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(peer.host.c_str(), std::to_string(peer.port).c_str(), &hints, &list);
  if (failed != 0) throw IoError(fmt::format("cannot resolve {}: {}", peer.host, ::gai_strerror(failed)));
  const AddressList owner(list, &::freeaddrinfo);
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

std::string addressTowards(const std::vector<Endpoint>& peers) {
  std::string failures;
  for (const Endpoint& peer : peers) {
    try {
      return addressTowards(peer);
    } catch (const IoError& e) {
      failures += (failures.empty() ? "" : "; ") + std::string(e.what());
    }
  }
  throw IoError(failures);
}

bool isWildcard(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return false;
  const AddressList owner(list, &::freeaddrinfo);
  if (list->ai_family == AF_INET)
    return reinterpret_cast<const sockaddr_in*>(list->ai_addr)->sin_addr.s_addr == htonl(INADDR_ANY);
  return IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(list->ai_addr)->sin6_addr);
}

}  // namespace cerium::rpc
