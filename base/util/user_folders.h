// Cerium. Licensed under the Apache License 2.0.
#pragma once

#include <string>

namespace cerium {

/// The default folder of this user's logs, journals and work folders, which outlive the process: "cerium" in
/// $XDG_STATE_HOME, else in $HOME/.local/state, else /tmp/cerium-UID. Does not create the folder.
[[nodiscard]] std::string stateFolder();

}  // namespace cerium
