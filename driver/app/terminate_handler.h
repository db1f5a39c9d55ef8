// Cerium. Licensed under the Apache License 2.0.
#pragma once

namespace cerium {

/// From now on an Error of the engine's that nobody catches ends the program as it ends a command: what was printed is
/// flushed, the error is a line on stderr, the exit status is 1. Anything else that is not caught ends it as before.
void reportUncaughtErrors();

}  // namespace cerium
