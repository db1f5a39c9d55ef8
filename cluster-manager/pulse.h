// Cerium. Licensed under the Apache License 2.0.
// Detects that the loop of a manager or worker is stuck, even though its web port still answers.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

namespace cerium::cluster_manager {

/// The loop calls beat() several times a second; the web port asks. Threads: thread-safe.
class Pulse {
 public:
  void beat() { last_ = Clock::now(); }

  /// How long there was no beat, if that is too long. A loop that waits for a slow disk does not count as stuck.
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
