// Cerium. Licensed under the Apache License 2.0.
// The environment variables of this process.
#pragma once

#include <map>
#include <string>

namespace cerium {

/// All of them.
[[nodiscard]] std::map<std::string, std::string> ownEnvironment();

/// The variable's value, empty where there is none; it is in the environment no more, nor where `ps` and /proc show it.
/// Threads: as setenv, so before other threads run.
[[nodiscard]] std::string takeVariable(const char* name);

/// The variable stays, but `ps` and /proc show its value no more. Threads: as setenv.
void hideVariable(const char* name);

}  // namespace cerium
