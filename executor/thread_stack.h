// Cerium. Licensed under the Apache License 2.0.
// The stack of another thread of this process, for the log line about a task that hangs.
#pragma once

#include <pthread.h>

#include "executor/crash_report.h"

namespace cerium {

/// The stack of `thread`, without names. No frames if the thread does not answer within a second (it blocks all
/// signals, or hangs in the kernel). The thread must not have been joined. A system call that blocks it may return
/// early (EINTR), so use this only for threads whose work is no longer needed. Threads: any, one at a time.
[[nodiscard]] CrashRecord stackOf(pthread_t thread);

}  // namespace cerium
