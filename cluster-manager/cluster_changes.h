// Cerium. Licensed under the Apache License 2.0.
// Tells open pages of a manager or worker that there is something new.
#pragma once

#include <cstdint>
#include <functional>

#include "web-ui/http/message.h"

namespace cerium::cluster_manager {

/// Answers /api/cerium/v1/cluster/changes. `version` changes with what the pages show.
[[nodiscard]] http::Response streamChanges(std::function<uint64_t()> version);

}  // namespace cerium::cluster_manager
