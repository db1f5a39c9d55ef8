// Cerium. Licensed under the Apache License 2.0.
// Whether a manager's or a worker's loop still turns: a process that answers on its web port may do nothing else.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

namespace cerium::cluster_manager {

/// Threads: thread-safe. The loop beats several times a second, the web port asks.
class Pulse {
 public:
  void beat() { last_ = Clock::now(); }

  /// How long there was none, where that is too long: a loop that waits for a slow disk is not stuck yet.
  [[nodiscard]] std::optional<std::chrono::seconds> missedFor() const {
    const auto silence = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - last_.load());
    return silence > kLimit ? std::optional(silence) : std::nullopt;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kLimit{5};

  std::atomic<Clock::time_point> last_ = Clock::now();
};

}  // namespace cerium::cluster_manager
