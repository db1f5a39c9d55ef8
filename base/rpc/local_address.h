// Cerium. Licensed under the Apache License 2.0.
// The address under which other machines reach this one.
#pragma once

#include <string>
#include <vector>

#include "base/rpc/transport.h"

namespace cerium::rpc {

/// The address of this machine on the route to `peer`; 127.0.0.1 if `peer` is on loopback. Throws IoError that names
/// the host if it cannot be resolved or reached, and as refuseLoopbackName(). May block to resolve.
[[nodiscard]] std::string addressTowards(const Endpoint& peer);
/// The same for the first of several peers that works: a manager may be gone together with its name. Throws IoError
/// with the reason for each peer.
[[nodiscard]] std::string addressTowards(const std::vector<Endpoint>& peers);

/// The address under which others reach this process: `host`, or addressTowards() if `host` is empty. Throws
/// InvalidArgument if `host` is on loopback but the managers are on other machines.
[[nodiscard]] std::string ownAddress(const std::string& host, const std::vector<Endpoint>& managers);

/// Throws InvalidArgument if `host` resolves to a loopback `address` without being one itself. Many systems have a line
/// "127.0.1.1 NAME" with their own name in /etc/hosts; a process that listens on NAME could not be reached from other
/// machines.
void refuseLoopbackName(const std::string& host, const std::string& address);

/// Whether `host` is "0.0.0.0", "::" or another spelling of them: an address to listen on, but not one to connect to.
[[nodiscard]] bool isWildcard(const std::string& host);

}  // namespace cerium::rpc
