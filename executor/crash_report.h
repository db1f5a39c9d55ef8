// Cerium. Licensed under the Apache License 2.0.
// The report of a task that kills its executor: signal, task and native stack. The signal handler writes raw addresses
// into a pipe; the process that started the executor, which is the same binary, turns them into names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/util/bytes.h"

namespace cerium {

/// The data that the handler writes, with one write.
struct CrashRecord {
  static constexpr int kMaxFrames = 64;
  enum class Cause : int32_t {
    kItself,  ///< A signal, or a call of exit() by the task.
    kHangs,   ///< The task did not stop when told to, so the executor ended its process.
    kMemory,  ///< The task held too much memory and did not stop when told to, so the executor ended its process.
  };
  int32_t signal = 0;  ///< 0: the task called exit(), or the executor ended its process.
  int32_t exit_status = 0;
  Cause cause = Cause::kItself;
  int64_t task = -1;
  uint64_t task_heap = 0;      ///< For kMemory: bytes that the task's functions held.
  uint64_t process_bytes = 0;  ///< For kMemory: bytes that the process held.
  uint64_t process_limit = 0;  ///< For kMemory: bytes that the process was allowed.
  uint64_t base = 0;           ///< The program's load address in the process that died.
  int32_t frames = 0;
  uint64_t stack[kMaxFrames] = {};
};

/// Installs handlers that write a record to `fd` for SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and SIGTRAP, and when a
/// task calls exit(); then the process dies as it would have. The handlers do not allocate or lock. A thread that shall
/// report a stack overflow must call useSignalStack() first.
void installCrashHandler(int fd);
void useSignalStack();

/// Writes a record of an end that is not a crash, if installCrashHandler() was called. Only the first record counts.
void leaveCrashRecord(const CrashRecord& record);

/// The load address of this program.
[[nodiscard]] uint64_t programBase();

/// Finds the record in what a dead process left in its crash pipe; false if there is none.
bool readCrashRecord(const Bytes& written, CrashRecord& record);

/// The frames with function, file and line (if the binary has symbols), one a line: from the place of the crash down to
/// the task, without the executor's own frames.
[[nodiscard]] std::string describeStack(const CrashRecord& record);

/// A function's name for one line: in long names, template arguments (which may be whole chains) become "<...>".
[[nodiscard]] std::string shortFrameName(std::string_view name);

}  // namespace cerium
