// Cerium. Licensed under the Apache License 2.0.
// What an executor leaves behind when a task kills it: signal, task and native stack, as raw addresses written by the
// signal handler into a pipe, turned into names by whoever started the process (the same binary).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/util/bytes.h"

namespace cerium {

/// What the handler writes: plain data, one write.
struct CrashRecord {
  static constexpr int kMaxFrames = 64;
  enum class Cause : int32_t {
    kItself,  ///< A signal, or the task called exit().
    kHangs,   ///< The task did not stop when it was told to, so the executor ended its process.
    kMemory,  ///< The task held so much memory, and did not stop when it was told to, that the executor did so.
  };
  int32_t signal = 0;  ///< 0: a task called exit(), or the executor ended its process.
  int32_t exit_status = 0;
  Cause cause = Cause::kItself;
  int64_t task = -1;
  uint64_t task_heap = 0;      ///< For kMemory: bytes that the task's functions held...
  uint64_t process_bytes = 0;  ///< ...and the whole process...
  uint64_t process_limit = 0;  ///< ...of those that it might.
  uint64_t base = 0;           ///< Load address of the program in the process that died.
  int32_t frames = 0;
  uint64_t stack[kMaxFrames] = {};
};

/// Writes a record to `fd` for SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and SIGTRAP, and when a task calls exit(); then
/// the process dies as it would have. Nothing in the handler allocates or locks. Each thread that shall survive a stack
/// overflow long enough to report it calls useSignalStack() first.
void installCrashHandler(int fd);
void useSignalStack();

/// Writes a record of an end that is no crash, where installCrashHandler() was called. The first one counts.
void leaveCrashRecord(const CrashRecord& record);

/// Load address of this program.
[[nodiscard]] uint64_t programBase();

/// The record among what a dead process left in its crash pipe; false where it wrote none.
bool readCrashRecord(const Bytes& written, CrashRecord& record);

/// Frames with function, file and line where the binary has symbols, one a line: from where it happened down to the
/// task, without the executor's own below that.
[[nodiscard]] std::string describeStack(const CrashRecord& record);

/// A function's name fit for a line: template arguments, which hold whole chains, become "<...>" where it is long.
[[nodiscard]] std::string shortFrameName(std::string_view name);

}  // namespace cerium
