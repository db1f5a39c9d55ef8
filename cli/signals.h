// Cerium. Licensed under the Apache License 2.0.
// The signals of a command in the foreground, taken one after another by the thread that waits for them.
#pragma once

#include <signal.h>

#include <chrono>
#include <initializer_list>
#include <optional>

namespace cerium::cli {

/// To be made before any thread of the process, as threads inherit what is blocked. Threads: wake() from any.
class SignalQueue {
 public:
  struct Taken {
    int signal = 0;              ///< 0: wake() was called.
    bool from_terminal = false;  ///< The whole foreground group got it, not this process alone.
  };

  SignalQueue(std::initializer_list<int> signals);

  /// The next one; nothing when none comes within `limit`.
  [[nodiscard]] std::optional<Taken> next(std::chrono::milliseconds limit);
  /// The next one.
  [[nodiscard]] Taken next();
  /// Makes one next() return.
  static void wake();

 private:
  static constexpr int kWake = SIGUSR2;
  sigset_t signals_;
};

}  // namespace cerium::cli
