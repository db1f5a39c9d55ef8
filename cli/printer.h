// Cerium. Licensed under the Apache License 2.0.
// Prints for `cerium submit` the output of a driver in the cluster, on a thread of its own: a pipe or terminal that is
// not being read must block neither the network nor the end of the command.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/util/mutex.h"
#include "base/util/non_blocking_stream.h"
#include "base/util/serial_thread.h"

namespace cerium::cli {

/// Prints in the order of the calls. Threads: thread-safe; its own is "cerium-print".
class Printer {
 public:
  enum class To { kStdout, kStderr };

  Printer();
  /// Waiting output has one more second.
  ~Printer();
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;

  /// Returns at once. Output is left out while 64 MiB wait for the reader; a line then says how much.
  void print(To to, std::string_view bytes);
  /// Prints a line of the command itself to stderr; it is never left out. Control characters become \xNN.
  void say(std::string_view line);
  /// Waits until everything is printed; false after `limit`.
  [[nodiscard]] bool finish(std::chrono::milliseconds limit);

 private:
  void queue(To to, std::string bytes) CERIUM_REQUIRES(mutex_);
  void sayWhatIsLeftOut() CERIUM_REQUIRES(mutex_);
  void write(To to, std::string_view bytes);

  NonBlockingStream streams_[2];  // indexed by To; used by the thread only
  std::atomic<bool> stopping_ = false;
  Mutex mutex_;
  CondVar changed_;
  size_t queued_ CERIUM_GUARDED_BY(mutex_) = 0;      // bytes
  uint64_t left_out_ CERIUM_GUARDED_BY(mutex_) = 0;  // bytes since the last line that reported them
  SerialThread thread_{"cerium-print"};
};

}  // namespace cerium::cli
