// Cerium. Licensed under the Apache License 2.0.
// The scheduler against a simulated cluster that goes wrong in every way it must bear: executors die, come, pause and
// return, leave on purpose, have full disks; messages are late, doubled, reordered, or lost with their sender; outputs
// and blocks vanish; tasks fail; jobs are cancelled. All of it follows from one seed.
#pragma once

#include <chrono>
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
  /// How large the cluster and its program are, and what goes wrong.
  struct Settings {
    Scheduler::Options options;
    int64_t executors = 0;
    int hosts = 5;
    int64_t tasks = 0;  ///< The program runs jobs until so many partitions are computed; 0: `jobs` at random times.
    int64_t jobs = 0;
    bool is_patient = false;  ///< Nothing but a cancellation or a failed delivery may end a job.
    bool is_watched = true;   ///< A reader takes the events of single tasks.
    int64_t check_every = 1;  ///< Steps between two checks of the invariants.
    double large_stages = 0;  ///< Of stages of more than a hundred partitions; 0: there are none.
    bool with_barriers = false;
    double task_failures = 0;  ///< Chances: of each task...
    double stragglers = 0.02;
    double doubled = 0.1;  ///< ...message from an executor...
    double failed_deliveries = 0;
    double losses = 0;            ///< ...executor, at each misfortune...
    double cancellations = 0.02;  ///< ...misfortune, to cancel a job...
    double mishaps = 1;           ///< ...and to befall one executor.
    Millis longest_task = 1;
    Millis longest_delay = 0;
    Millis chaos_ends = 30'000;  ///< Nothing goes wrong later, so that what is left must come to an end.
  };
  /// What was measured of the scheduler.
  struct Figures {
    int64_t tasks = 0;      ///< That were launched.
    int64_t delivered = 0;  ///< Partitions that were computed and counted.
    int64_t inputs = 0;
    int64_t messages_in = 0;   ///< From executors.
    int64_t messages_out = 0;  ///< To executors.
    std::chrono::nanoseconds in_scheduler{};
    Millis simulated = 0;
  };

  explicit Simulation(uint64_t seed) : Simulation(seed, settingsOf(seed)) {}
  Simulation(uint64_t seed, Settings settings);
  /// A program of many tasks on a large cluster, with faults as often as a bad week has them.
  [[nodiscard]] static Settings largeSettings(int64_t executors, int64_t tasks);
  /// Runs to the end, or throws Wrong. Takes a second of processor time at most, unless the settings are large.
  void run();
  [[nodiscard]] const Figures& figures() const { return figures_; }
  /// Called with each event and its time before the scheduler gets it.
  std::function<void(const in::Event&, Millis)> on_event;
  /// Called with what the scheduler makes of each event.
  std::function<void(const out::Instructions&)> on_instructions;
  [[nodiscard]] static Settings settingsOf(uint64_t seed);

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
    boost::unordered_flat_map<int, Content> results;
    bool ended = false;
    bool may_fail = false;  ///< It was cancelled, or a delivery of it failed.
  };

  // The program.
  void buildLineage();
  [[nodiscard]] int partitions();
  void submitJob();
  void submit(JobId id);
  void keepJobsRunning();
  void submitLargeJob();
  void cancelSomeJob();

  // The cluster (simulation_cluster.cc).
  void addExecutor();
  [[nodiscard]] Millis delay();
  /// Feeds the scheduler a message of an executor.
  void hear(in::Event event);
  /// Does it as soon as the executor is not paused, unless it has died by then.
  void onExecutor(ExecutorId id, Millis after, std::function<void(SimulatedExecutor&)> what);
  void arrive(SimulatedExecutor& executor, const out::Launch& launch);
  void stopTask(SimulatedExecutor& executor, TaskId task);
  void startTasks(SimulatedExecutor& executor);
  void endTask(SimulatedExecutor& executor, TaskId id, const SimulatedTask::Known& known);
  void report(SimulatedExecutor& executor, TaskEnd end, const std::vector<BlockChange>& cached);
  void send(SimulatedExecutor& executor);
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
  void does(const out::DropShuffle& drop);
  void does(const out::DropRdd& drop);
  template <class Other>
  void does(const Other&) {}  // instructions about results that wait, and the log

  void check();
  void checkTheEnd() const;
  [[nodiscard]] bool chaosIsOver() const;

  Random random_;
  const Settings settings_;
  EventQueue events_;
  FakeLineage lineage_;
  Truth truth_;
  std::vector<NodePtr> nodes_;
  std::vector<std::shared_ptr<ShuffleDependency>> shuffles_;
  Scheduler scheduler_;
  std::deque<in::Event> to_feed_;
  bool is_feeding_ = false;
  SimulatedExecutors cluster_;
  boost::unordered_flat_map<StageId, StageRecord> stages_;
  std::map<JobId, JobRecord> jobs_;
  boost::unordered_flat_map<TaskId, Content> results_;  // of tasks whose ends are on their way
  boost::unordered_flat_map<TaskId, int> tasks_told_;   // started and not ended, as events say
  boost::unordered_flat_set<std::pair<ShuffleId, int>> maps_counted_;
  int64_t wanted_ = 0;  // executors, with dynamic allocation
  int64_t coming_ = 0;  // executors that start
  int64_t next_job_ = 0;
  int64_t running_jobs_ = 0;
  int64_t checks_ = 0;
  Figures figures_;
};

}  // namespace cerium::test
