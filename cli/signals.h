// Cerium. Licensed under the Apache License 2.0.
// The signals of a command in the foreground, taken one after another by the thread that waits for them.
#pragma once

#include <signal.h>

#include <chrono>
#include <initializer_list>
#include <optional>

namespace cerium::cli {

/// A queue of blocked signals. Make it before the process starts threads, because they inherit the set of blocked
/// signals. Threads: wake() from any.
class SignalQueue {
 public:
  struct Taken {
    int signal = 0;              ///< 0: wake() was called.
    bool from_terminal = false;  ///< The terminal sent it to the whole foreground group, not to this process alone.
  };

  SignalQueue(std::initializer_list<int> signals);

  /// The next signal, or nothing after `limit`.
  [[nodiscard]] std::optional<Taken> next(std::chrono::milliseconds limit);
  /// Waits for the next signal.
  [[nodiscard]] Taken next();
  /// Makes one call of next() return.
  static void wake();

 private:
  static constexpr int kWake = SIGUSR2;
  sigset_t signals_;
};

}  // namespace cerium::cli
