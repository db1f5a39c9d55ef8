// Cerium. Licensed under the Apache License 2.0.
// The progress line on stderr while jobs run: per stage the tasks done of all, their rate, and the time left.
#pragma once

#include <memory>

#include "driver/events/status_store.h"

namespace cerium {

/// Draws on a thread of its own, a few times a second, from the figures of the StatusStore; erases the line at the end.
class ConsoleProgress {
 public:
  explicit ConsoleProgress(const StatusStore& status);
  ~ConsoleProgress();
  ConsoleProgress(const ConsoleProgress&) = delete;
  ConsoleProgress& operator=(const ConsoleProgress&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One line of at most `width` characters for the stages that run; empty where none does.
[[nodiscard]] std::string progressLine(const std::vector<StageInfo>& active, const std::vector<double>& seconds,
                                       size_t width);

}  // namespace cerium
