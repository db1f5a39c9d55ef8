// Cerium. Licensed under the Apache License 2.0.
// What a program may be told about its jobs while they run, and may ask.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cerium {

struct JobInfo {
  int64_t id = -1;
  std::string action;  ///< "collect at wordcount.cc:12".
  std::string group;
  std::string description;
  std::string status;  ///< "RUNNING", "SUCCEEDED", "FAILED".
  std::vector<int64_t> stages;
};

struct StageInfo {
  int64_t id = -1;
  int attempt = 0;
  int64_t job = -1;
  std::string name;
  int num_tasks = 0;
  int active_tasks = 0;
  int completed_tasks = 0;
  int failed_tasks = 0;
  int64_t records_read = 0;
  int64_t bytes_read = 0;
  int64_t shuffle_records_written = 0;
  int64_t shuffle_bytes_written = 0;
  int64_t shuffle_bytes_read = 0;
  int64_t remote_bytes_read = 0;
  int64_t spilled_bytes = 0;
  int64_t run_micros = 0;
};

struct TaskInfo {
  int64_t task = -1;
  int64_t stage = -1;
  int partition = -1;
  int attempt = 0;
  int64_t executor = -1;
  bool speculative = false;
  std::string status;  ///< "SUCCESS", "FAILED", "KILLED".
  std::string message;
  int64_t run_micros = 0;
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
