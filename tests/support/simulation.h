// Cerium. Licensed under the Apache License 2.0.
// The scheduler against a simulated cluster that goes wrong in every way it must bear: executors die, come, pause and
// return, leave on purpose, have full disks; messages are late, doubled, reordered, or lost with their sender; outputs
// and blocks vanish; tasks fail; jobs are cancelled. All of it follows from one seed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "driver/scheduler/scheduler.h"
#include "tests/support/fake_node.h"
#include "tests/support/simulated_cluster.h"

namespace cerium::test {

/// The first thing found wrong.
struct Wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed);
  /// Runs to the end, or throws Wrong. Takes a second of processor time at most.
  void run();
  /// Called with each event and its time before the scheduler gets it.
  std::function<void(const in::Event&, Millis)> on_event;
  /// Called with what the scheduler makes of each event.
  std::function<void(const out::Instructions&)> on_instructions;
  [[nodiscard]] static Scheduler::Options optionsOf(uint64_t seed);

 private:
  struct StageRecord {
    NodePtr node;
    std::shared_ptr<ShuffleDependency> shuffle;
    JobId job;
    bool done = false;
    int attempts_told = 0;  ///< Submitted and not completed, as events say.
  };
  struct JobRecord {
    NodePtr node;
    std::vector<int> partitions;
    std::map<int, Content> results;
    bool ended = false;
    bool may_fail = false;  ///< It was cancelled, or a delivery of it failed.
  };

  // The program.
  void buildLineage();
  [[nodiscard]] int partitions();
  void submitJob();
  void cancelSomeJob();

  // The cluster (simulation_cluster.cc).
  void addExecutor();
  [[nodiscard]] Millis delay();
  /// Does it as soon as the executor is not paused, unless it has died by then.
  void onExecutor(ExecutorId id, Millis after, std::function<void(SimulatedExecutor&)> what);
  void arrive(SimulatedExecutor& executor, const out::Launch& launch);
  void stopTask(SimulatedExecutor& executor, TaskId task);
  void startTasks(SimulatedExecutor& executor);
  void endTask(SimulatedExecutor& executor, TaskId id, const SimulatedTask::Known& known);
  void report(SimulatedExecutor& executor, TaskEnd end, const std::vector<BlockChange>& cached);
  void misfortune();
  void befall(SimulatedExecutor& executor);
  void die(SimulatedExecutor& executor);
  void keepWanted();
  void lose(ExecutorId id, const std::vector<TaskId>& crashed);
  void tick();

  // What the scheduler wants.
  void feed(in::Event event);
  void does(const out::AddStage& add);
  void does(const out::DropStage& drop);
  void does(const out::Launch& launch);
  void does(const out::KillTask& kill);
  void does(const out::EndExecutor& end);
  void does(const out::RetireExecutor& retire);
  void does(const out::LetGo& let_go);
  void does(const out::WantExecutors& want);
  void does(const out::MoveShuffle& move);
  void does(const out::CopyBlock& copy);
  void does(const out::Deliver& deliver);
  void does(const out::ConfirmJob& confirm);
  void does(const out::EndJob& end);
  void does(const out::Tell& tell);
  void does(const out::DropRdd& drop);
  template <class Other>
  void does(const Other&) {}  // instructions about results that wait, shuffles that are dropped, and the log

  void check();
  void checkTheEnd() const;
  [[nodiscard]] bool chaosIsOver() const;

  Random random_;
  const Scheduler::Options options_;
  const bool large_;
  const bool patient_;  // nothing but a cancellation or a failed delivery may end a job
  EventQueue events_;
  FakeLineage lineage_;
  Truth truth_;
  std::vector<NodePtr> nodes_;
  std::vector<std::shared_ptr<ShuffleDependency>> shuffles_;
  Scheduler scheduler_;
  std::deque<in::Event> to_feed_;
  bool is_feeding_ = false;
  std::map<ExecutorId, SimulatedExecutor> cluster_;
  std::map<StageId, StageRecord> stages_;
  std::map<JobId, JobRecord> jobs_;
  std::map<TaskId, Content> results_;  // of tasks whose ends are on their way
  std::map<TaskId, int> tasks_told_;   // started and not ended, as events say
  std::map<std::pair<ShuffleId, int>, int> map_counts_;
  double task_failures_ = 0;
  double losses_ = 0;
  double failed_deliveries_ = 0;
  Millis longest_task_ = 0;
  Millis longest_delay_ = 0;
  bool with_barriers_ = false;
  int64_t wanted_ = 0;  // executors, with dynamic allocation
  int64_t coming_ = 0;  // executors that start
  int64_t next_executor_ = 0;
  int64_t next_job_ = 0;
  int64_t checks_ = 0;
};

}  // namespace cerium::test
