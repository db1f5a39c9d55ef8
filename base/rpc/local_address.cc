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

#include "base/rpc/secrets.h"
#include "base/util/error.h"

namespace cerium::rpc {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

std::string numeric(const sockaddr* address, socklen_t size) {
  std::array<char, NI_MAXHOST> text{};
  ::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return text.data();
}

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
    // Connecting a datagram socket sends nothing; it looks up the route.
    const int fd = ::socket(each->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    const bool found = fd >= 0 && ::connect(fd, each->ai_addr, each->ai_addrlen) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0;
    error = errno;
    if (fd >= 0) ::close(fd);
    if (!found) continue;
    refuseLoopbackName(peer.host, numeric(each->ai_addr, each->ai_addrlen));
    return numeric(reinterpret_cast<const sockaddr*>(&own), size);
  }
  throw IoError(fmt::format("there is no route to {}: {}", peer.str(), std::strerror(error)));
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

std::string ownAddress(const std::string& host, const std::vector<Endpoint>& managers) {
  if (host.empty()) return addressTowards(managers);
  if (!isLoopback(addressTowards(Endpoint{host, 1}))) return host;
  std::string towards;
  try {
    towards = addressTowards(managers);
  } catch (const IoError&) {
    return host;  // the names may be resolvable later
  }
  if (isLoopback(towards)) return host;
  throw InvalidArgument(
      fmt::format("no other machine, such as the manager's, reaches this one at {}; name the address under "
                  "which others do, or none to use {}",
                  host, towards));
}

void refuseLoopbackName(const std::string& host, const std::string& address) {
  if (!isLoopback(address) || isLoopback(host)) return;
  throw InvalidArgument(
      fmt::format("{} is {} on this machine, where no other machine reaches it; write the machine's own address into "
                  "the line \"{} {}\" of /etc/hosts, or name that address instead of {}",
                  host, address, address, host, host));
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
