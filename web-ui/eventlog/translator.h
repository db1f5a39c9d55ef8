// Cerium. Licensed under the Apache License 2.0.
// A running application's events as an event log says them.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/events/events.h"
#include "web-ui/eventlog/log_events.h"

namespace cerium::eventlog {

/// Threads: externally synchronised.
class Translator {
 public:
  using Sink = std::function<void(LogEvent)>;

  /// `origins`: where settings that are not defaults come from (EnvironmentUpdate::origins).
  explicit Translator(std::map<std::string, std::string> origins = {}) : origins_(std::move(origins)) {}

  /// Gives `sink` the log events that `event` stands for, in order: none for progress, several for some.
  void translate(const events::Event& event, const Sink& sink);

 private:
  std::map<std::string, std::string> origins_;
  struct RunningStage {
    bool writes_shuffle = false;
    int num_tasks = 0;  ///< Of this attempt.
  };
  std::map<StageId, RunningStage> running_;
  std::map<JobId, std::shared_ptr<const Pairs>> jobs_;  ///< Their properties, while they run.
};

/// A task's figures under Spark's names and in Spark's units.
[[nodiscard]] TaskFigures figuresOf(const TaskMetrics& metrics);

}  // namespace cerium::eventlog
