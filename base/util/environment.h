// Cerium. Licensed under the Apache License 2.0.
// The environment variables of this process.
#pragma once

#include <map>
#include <string>

namespace cerium {

/// All environment variables.
[[nodiscard]] std::map<std::string, std::string> ownEnvironment();

/// Returns the value of a variable (empty if it is not set), unsets it and erases it from what `ps` and /proc show.
/// Threads: as setenv, so call it before other threads run.
[[nodiscard]] std::string takeVariable(const char* name);

/// Keeps the variable but erases its value from what `ps` and /proc show. Threads: as setenv.
void hideVariable(const char* name);

}  // namespace cerium
