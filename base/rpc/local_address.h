// Cerium. Licensed under the Apache License 2.0.
// Under which address another machine reaches this one.
#pragma once

#include <string>

#include "base/rpc/transport.h"

namespace cerium::rpc {

/// The address of this machine from which it reaches `peer`; 127.0.0.1 where that is on loopback. Throws IoError that
/// names a host which cannot be resolved or reached. Resolving may block.
[[nodiscard]] std::string addressTowards(const Endpoint& peer);

}  // namespace cerium::rpc
