// Cerium. Licensed under the Apache License 2.0.
#include "base/util/user_folders.h"

#include <unistd.h>

#include <cstdlib>

namespace cerium {

std::string stateFolder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return std::string(state) + "/cerium";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::string(home) + "/.local/state/cerium";
  return "/tmp/cerium-" + std::to_string(::getuid());
}

}  // namespace cerium
