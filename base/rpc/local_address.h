// Cerium. Licensed under the Apache License 2.0.
// Under which address another machine reaches this one.
#pragma once

#include <string>
#include <vector>

#include "base/rpc/transport.h"

namespace cerium::rpc {

/// The address of this machine from which it reaches `peer`; 127.0.0.1 where that is on loopback. Throws IoError that
/// names a host which cannot be resolved or reached. Resolving may block.
[[nodiscard]] std::string addressTowards(const Endpoint& peer);
/// Likewise towards the first of these that works, as one of several managers may be gone with its name. Throws IoError
/// that says of each why not.
[[nodiscard]] std::string addressTowards(const std::vector<Endpoint>& peers);

/// "0.0.0.0", "::" and other spellings of it: an address to listen on, under which nobody reaches anybody.
[[nodiscard]] bool isWildcard(const std::string& host);

}  // namespace cerium::rpc
