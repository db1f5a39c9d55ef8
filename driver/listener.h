// Cerium. Licensed under the Apache License 2.0.
// What a program may be told about its jobs while they run, and may ask: a view of base/events/events.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/events/task_metrics.h"

namespace cerium {

struct JobInfo {
  int64_t id = -1;
  std::string action;  ///< "collect at wordcount.cc:12".
  std::string group;
  std::string description;
  std::string status;  ///< "RUNNING", "SUCCEEDED", "FAILED".
  std::vector<int64_t> stages;
};

/// With the figures of the tasks that succeeded, added up.
struct StageInfo : TaskMetrics {
  int64_t id = -1;
  int attempt = 0;
  int64_t job = -1;
  std::string name;
  int num_tasks = 0;
  int active_tasks = 0;
  int completed_tasks = 0;
  int failed_tasks = 0;
  std::vector<int64_t> parents;  ///< Stages whose output it reads.
  std::string status;            ///< "ACTIVE", "COMPLETE", "FAILED".
  std::string failure;           ///< Why, where it failed.
};

/// With the figures of the task once it has ended.
struct TaskInfo : TaskMetrics {
  int64_t task = -1;
  int64_t stage = -1;
  int partition = -1;
  int attempt = 0;
  int64_t executor = -1;
  std::string host;
  bool speculative = false;
  std::string status;  ///< "RUNNING", "SUCCESS", "FAILED", "KILLED".
  std::string message;
};

struct ExecutorInfo {
  int64_t id = -1;
  std::string host;
  int cores = 0;
  std::string reason;  ///< Why it is gone.
};

/// Override what you want to hear. Threads: all calls come from one thread of the Context, never from the scheduler's,
/// so that a slow listener slows nothing down. What one throws is logged, and changes nothing else.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void onJobStart(const JobInfo&) {}
  virtual void onJobEnd(const JobInfo&) {}
  virtual void onStageSubmitted(const StageInfo&) {}
  virtual void onStageCompleted(const StageInfo&) {}
  virtual void onTaskStart(const TaskInfo&) {}
  virtual void onTaskEnd(const TaskInfo&) {}
  virtual void onExecutorAdded(const ExecutorInfo&) {}
  virtual void onExecutorRemoved(const ExecutorInfo&) {}
};

}  // namespace cerium
