// Cerium. Licensed under the Apache License 2.0.
// Where another thread of this process is, for the log line about one that hangs.
#pragma once

#include <pthread.h>

#include "executor/crash_report.h"

namespace cerium {

/// The stack of `thread`, without names; no frames where it does not answer within a second (it blocks all signals, or
/// the system does not let go of it). The thread must not have been joined. A call that it is blocked in may return
/// early because of it (EINTR), so this is for threads whose work is of no use any more. Threads: any, one at a time.
[[nodiscard]] CrashRecord stackOf(pthread_t thread);

}  // namespace cerium
