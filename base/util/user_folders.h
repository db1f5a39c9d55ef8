// Cerium. Licensed under the Apache License 2.0.
#pragma once

#include <string>

namespace cerium {

/// Where this user's logs, journals and work folders are kept by default, as they outlive the process: "cerium" in
/// $XDG_STATE_HOME, else in $HOME/.local/state, else /tmp/cerium-UID. Not made here.
[[nodiscard]] std::string stateFolder();

}  // namespace cerium
