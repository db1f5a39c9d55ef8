// Cerium. Licensed under the Apache License 2.0.
// What `cerium submit` prints for a driver that runs elsewhere. A pipe or a terminal that nobody reads must hold up
// neither the network nor the end of the command, so a thread of its own does it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/util/non_blocking_stream.h"
#include "base/util/serial_thread.h"

namespace cerium::cli {

/// Prints in the order in which it is asked to. Threads: thread-safe; its own is "cerium-print".
class Printer {
 public:
  enum class To { kStdout, kStderr };

  Printer();
  /// What waits has one more second.
  ~Printer();
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;

  /// Returns at once. What comes while 64 MiB wait for a reader is left out, and a line says how much.
  void print(To to, std::string_view bytes);
  /// A line of the command itself, on stderr; never left out. Control characters become \xNN.
  void say(std::string_view line);
  /// Waits until all is printed; false where `limit` ends first.
  [[nodiscard]] bool finish(std::chrono::milliseconds limit);

 private:
  void queue(To to, std::string bytes);
  void sayWhatIsLeftOut();
  void write(To to, std::string_view bytes);

  NonBlockingStream streams_[2];  // by To; the thread's
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t queued_ = 0;      // guarded by mutex_; bytes
  uint64_t left_out_ = 0;  // guarded by mutex_; bytes, since the line that said so
  SerialThread thread_{"cerium-print"};
};

}  // namespace cerium::cli
