// Cerium. Licensed under the Apache License 2.0.
// Under which address another machine reaches this one.
#pragma once

#include <string>
#include <vector>

#include "base/rpc/transport.h"

namespace cerium::rpc {

/// The address of this machine from which it reaches `peer`; 127.0.0.1 where that is on loopback. Throws IoError that
/// names a host which cannot be resolved or reached, and as refuseLoopbackName(). Resolving may block.
[[nodiscard]] std::string addressTowards(const Endpoint& peer);
/// Likewise towards the first of these that works, as one of several managers may be gone with its name. Throws IoError
/// that says of each why not.
[[nodiscard]] std::string addressTowards(const std::vector<Endpoint>& peers);

/// Under which address others reach this process: `host`, or addressTowards() where that is empty. Throws
/// InvalidArgument where nobody would, as the managers are on other machines and `host` is on loopback.
[[nodiscard]] std::string ownAddress(const std::string& host, const std::vector<Endpoint>& managers);

/// Throws InvalidArgument where `address`, to which `host` resolves, is a loopback address, unless whoever wrote `host`
/// must have known that. Many systems have a line "127.0.1.1 NAME" in /etc/hosts, with their own name: under that a
/// process would listen where no other machine reaches it.
void refuseLoopbackName(const std::string& host, const std::string& address);

/// "0.0.0.0", "::" and other spellings of it: an address to listen on, under which nobody reaches anybody.
[[nodiscard]] bool isWildcard(const std::string& host);

}  // namespace cerium::rpc
