// Cerium. Licensed under the Apache License 2.0.
// Both schedulers together against simulated clusters that go wrong in every way they must bear: executors die and
// come, messages are late, doubled, or lost with their sender, outputs vanish, tasks fail, jobs are cancelled.
// CERIUM_SIM_SEEDS=5000 runs more seeds, CERIUM_SIM_SEED=17 only that one.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>

#include "driver/scheduler/dag_scheduler.h"
#include "driver/scheduler/task_scheduler.h"
#include "tests/support/fake_node.h"
#include "tests/support/simulated_cluster.h"

namespace cerium {
namespace {

using namespace test;
using How = SimulatedEnd::How;

constexpr Millis kChaosEnds = 30'000;        // nothing goes wrong later, so that what is left must come to an end
constexpr Millis kTimeLimit = 3'600'000;     // simulated
constexpr int64_t kEventLimit = 20'000'000;  // a livelock may take no time at all

/// The first thing found wrong; the test reports it with its seed.
struct Wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void demand(bool is_true, const std::string& otherwise) {
  if (!is_true) throw Wrong(otherwise);
}

class Simulation {
 public:
  explicit Simulation(uint64_t seed)
      : random_(seed),
        large_(seed % 50 == 49),
        patient_(random_.chance(0.7)),
        dag_({.max_stage_attempts = patient_ ? 1'000'000 : 4}),
        tasks_(taskOptions()) {
    task_failures_ = random_.chance(0.5) ? 0.03 : 0;
    losses_ = random_.any<double>({0, 0.002, 0.01, 0.05});
    longest_task_ = random_.any<Millis>({1, 50, 3'000});
    longest_delay_ = random_.any<Millis>({0, 5, 500});
    with_barriers_ = random_.chance(0.2);
  }

  /// Runs to the end, or throws Wrong.
  void run() {
    buildLineage();
    for (int64_t n = large_ ? 1'000 : random_.between(3, 50); n > 0; --n) addExecutor();
    for (int64_t n = random_.between(1, 20); n > 0; --n) {
      events_.after(random_.upTo(kChaosEnds - 5'000), [this] { submitJob(); });
    }
    events_.after(100, [this] { tick(); });
    events_.after(random_.between(1, 500), [this] { misfortune(); });
    int64_t steps = 0;
    while (events_.step()) {
      check();
      demand(events_.now() < kTimeLimit && ++steps < kEventLimit,
             "the jobs never end:\n" + tasks_.explainWaiting(events_.now()));
    }
    checkTheEnd();
  }

 private:
  struct StageRecord {
    NodePtr node;
    std::shared_ptr<ShuffleDependency> shuffle;
    JobId job;
    bool done = false;
  };
  struct JobRecord {
    NodePtr node;
    std::vector<int> partitions;
    std::map<int, Content> results;
    bool ended = false;
  };

  TaskScheduler::Options taskOptions() {
    TaskScheduler::Options options;
    if (patient_) options.max_task_failures = 1'000'000;
    options.fair = random_.chance(0.3);
    return options;
  }

  void buildLineage() {
    nodes_.push_back(lineage_.source(partitions()));
    for (int64_t n = random_.between(2, 20); n > 0; --n) {
      const int64_t kind = random_.upTo(9);
      const NodePtr& parent = random_.any(nodes_);
      if (kind < 2) {
        nodes_.push_back(lineage_.source(partitions()));
      } else if (kind < 4) {
        nodes_.push_back(lineage_.map(parent, with_barriers_ && parent->numPartitions() <= 10));
      } else if (kind < 5) {
        nodes_.push_back(lineage_.unite({parent, random_.any(nodes_)}));
      } else if (kind < 6) {
        nodes_.push_back(lineage_.shuffle({parent, random_.any(nodes_)}, partitions()));
      } else if (kind < 7 && !shuffles_.empty()) {
        nodes_.push_back(lineage_.read(random_.any(shuffles_)));
      } else {
        shuffles_.push_back(lineage_.dependency(parent, partitions()));
        nodes_.push_back(lineage_.read(shuffles_.back()));
      }
      if (random_.chance(0.25)) nodes_.back()->setStorageLevel(MEMORY_ONLY);
      // Unions and barriers multiply what later tasks must read; keep a seed within a second.
      if (nodes_.back()->numPartitions() > 400) nodes_.pop_back();
    }
  }
  int partitions() {
    if (random_.chance(0.05)) return 0;
    if (large_ && random_.chance(0.3)) return static_cast<int>(random_.between(100, 300));
    return static_cast<int>(random_.between(1, random_.chance(0.2) ? 100 : 10));
  }

  // The cluster.

  void addExecutor() {
    SimulatedExecutor executor;
    executor.id = ExecutorId(next_executor_++);
    executor.cores = static_cast<int>(random_.between(1, 4));
    cluster_[executor.id] = executor;
    carryOut(
        tasks_.executorAdded(executor.id, "host" + std::to_string(random_.upTo(5)), executor.cores, events_.now()));
  }

  Millis delay() { return random_.upTo(random_.chance(0.05) ? longest_delay_ * 20 : longest_delay_); }

  void send(const tasks::Launch& launch) {
    events_.after(delay(), [this, launch] {
      SimulatedExecutor& executor = cluster_.at(launch.executor);
      if (!executor.alive) return;
      executor.queue.insert(executor.queue.end(), launch.tasks.begin(), launch.tasks.end());
      startTasks(executor);
    });
  }
  void send(const tasks::Kill& kill) {
    events_.after(delay(), [this, kill] {
      SimulatedExecutor& executor = cluster_.at(kill.executor);
      if (!executor.alive) return;
      const auto is_it = [&](const auto& task) { return task.id == kill.task; };
      if (auto running = executor.running.find(kill.task); running != executor.running.end()) {
        running->second.asked_to_stop = random_.chance(0.7);  // else it ends before it notices
      } else if (std::erase_if(executor.queue, is_it) > 0) {
        report(executor, {.task = kill.task, .how = How::kKilled});
      } else if (executor.finished.count(kill.task) == 0) {
        executor.stopped.insert(kill.task);  // the launch is still on its way
      }
    });
  }

  void startTasks(SimulatedExecutor& executor) {
    while (!executor.queue.empty() && executor.running.size() < static_cast<size_t>(executor.cores)) {
      const auto task = executor.queue.front();
      executor.queue.pop_front();
      executor.running[task.id] = {task, executor.stopped.erase(task.id) > 0};
      // What the driver knows of map outputs when the task starts is what the task will use, however old by then.
      std::map<ShuffleId, std::vector<std::optional<MapOutputStatus>>> known;
      const StageRecord& stage = stages_.at(task.stage.id);
      for (const auto& shuffle : shufflesOf(stage.node)) known[shuffle] = dag_.mapOutputs(shuffle);
      const Millis duration = random_.chance(0.02) ? longest_task_ * 20 : random_.upTo(longest_task_);
      events_.after(duration, [this, id = executor.id, task, known = std::move(known)] {
        endTask(cluster_.at(id), task.id, known);
      });
    }
  }

  template <class Known>
  void endTask(SimulatedExecutor& executor, TaskId id, const Known& known) {
    if (!executor.alive) return;
    const auto running = executor.running.at(id);
    executor.running.erase(id);
    executor.finished.insert(id);
    SimulatedEnd end{.task = id};
    if (running.asked_to_stop) {
      end.how = How::kKilled;
    } else if (!chaosIsOver() && random_.chance(task_failures_)) {
      end.how = How::kUserFailure;
    } else {
      const StageRecord& stage = stages_.at(running.task.stage.id);
      SimulatedTask task(cluster_, executor, [&](ShuffleId shuffle) { return known.at(shuffle); });
      const auto content = task.read(*stage.node, running.task.partition);
      end = task.end();
      end.task = id;
      end.content = content.value_or(0);
      if (content && stage.shuffle) executor.outputs[{stage.shuffle->id(), running.task.partition}] = *content;
    }
    report(executor, end);
    startTasks(executor);
  }

  void report(const SimulatedExecutor& executor, const SimulatedEnd& end) {
    const auto deliver = [this, id = executor.id, end, may_be_lost = random_.chance(0.5)] {
      if (may_be_lost && !cluster_.at(id).alive) return;
      ended(end);
    };
    events_.after(delay(), deliver);
    if (random_.chance(0.1)) events_.after(delay() + random_.upTo(1'000), deliver);
  }

  /// Something goes wrong somewhere, again and again until chaos is over.
  void misfortune() {
    if (chaosIsOver()) return;
    events_.after(random_.between(1, 500), [this] { misfortune(); });
    std::vector<ExecutorId> living;
    for (const auto& [id, executor] : cluster_) {
      if (executor.alive) living.push_back(id);
    }
    for (ExecutorId id : living) {
      if (random_.chance(losses_)) die(cluster_.at(id));
    }
    if (living.empty()) return;
    SimulatedExecutor& unlucky = cluster_.at(random_.any(living));
    if (losses_ > 0 && !unlucky.outputs.empty()) {  // one file is damaged
      unlucky.outputs.erase(
          std::next(unlucky.outputs.begin(), random_.upTo(static_cast<int64_t>(unlucky.outputs.size()) - 1)));
    }
    if (!unlucky.blocks.empty()) {  // one block is evicted; the driver hears of it later
      const auto [rdd, partition] = unlucky.blocks.begin()->first;
      unlucky.blocks.erase(unlucky.blocks.begin());
      events_.after(delay(), [this, rdd = rdd, partition = partition, id = unlucky.id] {
        dag_.blockDropped(rdd, partition, id);
      });
    }
    if (random_.chance(0.02)) cancelSomeJob();
  }

  void die(SimulatedExecutor& executor) {
    executor.alive = false;
    std::vector<TaskId> guilty;
    for (const auto& [id, running] : executor.running) {
      if (random_.chance(0.1)) guilty.push_back(id);
    }
    executor.outputs.clear();
    executor.blocks.clear();
    events_.after(delay() + random_.upTo(2'000), [this, id = executor.id, guilty] { lost(id, guilty); });
    events_.after(random_.upTo(5'000), [this] { addExecutor(); });
  }

  // The driver's side, as the scheduler loop does it.

  void submitJob() {
    JobRecord job;
    job.node = random_.any(nodes_);
    for (int p = 0; p < job.node->numPartitions(); ++p) {
      if (random_.chance(0.8)) job.partitions.push_back(p);
    }
    const JobId id(next_job_++);
    jobs_[id] = job;
    carryOut(dag_.submitJob({id, job.node, job.partitions, random_.chance(0.5) ? "a" : "b"}));
  }

  void cancelSomeJob() {
    for (const auto& [id, job] : jobs_) {
      if (job.ended) continue;
      cancelled_.insert(id);
      carryOut(dag_.cancelJob(id, "cancelled"));
      return;
    }
  }

  void tick() {
    carryOut(tasks_.tick(events_.now()));
    if (events_.now() < kChaosEnds || dag_.activeJobs() > 0) events_.after(100, [this] { tick(); });
  }

  void lost(ExecutorId executor, const std::vector<TaskId>& guilty) {
    Failure failure;
    failure.kind = guilty.empty() ? Failure::Kind::kExecutorLost : Failure::Kind::kCrash;
    failure.message = "executor died";
    inEitherOrder([&] { carryOut(tasks_.executorLost(executor, failure, guilty, events_.now())); },
                  [&] { carryOut(dag_.executorLost(executor, "died")); });
  }

  void ended(const SimulatedEnd& end) {
    const RunningTask* found = tasks_.find(end.task);
    if (found == nullptr) return;
    const RunningTask task = *found;
    Failure failure;
    if (task.killed || end.how == How::kKilled) {
      failure.kind = Failure::Kind::kKilled;
      demand(task.killed, "a task that nobody killed was killed");
      carryOut(tasks_.failed(end.task, failure, events_.now()));
    } else if (end.how == How::kUserFailure) {
      failure.kind = Failure::Kind::kUserException;
      carryOut(tasks_.failed(end.task, failure, events_.now()));
    } else if (end.how == How::kFetchFailure) {
      failure.kind = Failure::Kind::kFetchFailed;
      inEitherOrder(
          [&] { carryOut(tasks_.failed(end.task, failure, events_.now())); },
          [&] { carryOut(dag_.fetchFailed(task.stage, task.partition, end.shuffle, end.map, end.source, "lost")); });
    } else {
      inEitherOrder([&] { carryOut(tasks_.succeeded(end.task, events_.now())); }, [&] { succeeded(task, end); });
    }
  }

  void succeeded(const RunningTask& task, const SimulatedEnd& end) {
    for (const auto& block : end.cached) dag_.blockCached(block.rdd, block.partition, task.executor);
    const StageRecord stage = stages_.at(task.stage.id);
    TaskVerdict verdict = dag_.taskSucceeded(task.stage, task.partition, {task.executor, 0});
    if (verdict.counts && stage.shuffle) {
      demand(map_counts_[{stage.shuffle->id(), task.partition}]++ == 0, "a map task counted twice");
    } else if (verdict.counts) {
      demand(jobs_.at(stage.job).results.emplace(task.partition, end.content).second, "a result counted twice");
    }
    for (int m = 0; verdict.stage_complete && stage.shuffle && m < stage.shuffle->numMaps(); ++m) {
      demand(map_counts_[{stage.shuffle->id(), m}] == 1, "a map stage is complete and a task of it never counted");
    }
    carryOut(std::move(verdict.instructions));
  }

  template <class First, class Second>
  void inEitherOrder(First first, Second second) {
    if (random_.chance(0.5)) {
      first();
      second();
    } else {
      second();
      first();
    }
  }

  template <class Instructions>
  void carryOut(Instructions instructions) {
    for (const auto& instruction : instructions) std::visit([this](const auto& one) { does(one); }, instruction);
  }
  void does(const dag::SubmitTasks& submit) {
    StageRecord& stage = stages_[submit.stage.id];
    demand(!stage.done, "a stage runs after it was said to be done");
    stage = {submit.node, submit.shuffle, submit.job, false};
    carryOut(tasks_.submit(submit, events_.now()));
  }
  void does(const dag::CancelTasks& cancel) { carryOut(tasks_.cancel(cancel.stage, cancel.reason, events_.now())); }
  void does(const dag::StageDone& done) {
    StageRecord& stage = stages_[done.stage];
    demand(!stage.done, "a stage was said to be done twice");
    demand(done.skipped == (stage.node == nullptr), "a stage that ran was called skipped, or the reverse");
    stage.done = true;
  }
  void does(const dag::JobSucceeded& success) {
    JobRecord& job = jobs_.at(success.job);
    demand(!job.ended, "a job ended twice");
    job.ended = true;
    demand(job.results.size() == job.partitions.size(), "a job succeeded without all its results");
    for (const auto& [partition, content] : job.results) {
      demand(content == truth_.of(*job.node, partition), fmt::format("partition {} is wrong", partition));
    }
  }
  void does(const dag::JobAborted& abort) {
    demand(!std::exchange(jobs_.at(abort.job).ended, true), "a job ended twice");
    const Failure& failure = abort.failure;
    const bool may_be =
        cancelled_.contains(abort.job) || !patient_ || failure.message.starts_with("barrier stage needs");
    demand(may_be, "a job failed without cause: " + failure.message);
    demand(cancelled_.contains(abort.job) || failure.stage.valid(), "a failure names no stage");
  }
  void does(const dag::DropCached&) { demand(false, "cached partitions were dropped though nothing changed"); }
  void does(const dag::Note&) {}
  void does(const tasks::Launch& launch) { send(launch); }
  void does(const tasks::Kill& kill) { send(kill); }
  void does(const tasks::GiveUp& give_up) { carryOut(dag_.stageFailed(give_up.stage, give_up.failure)); }
  void does(const tasks::Note&) {}
  void does(const tasks::Excluded&) {}
  void does(const tasks::Readmitted&) {}

  // Checks.

  [[nodiscard]] bool chaosIsOver() const { return events_.now() >= kChaosEnds; }

  void check() {
    if (large_ && ++checks_ % 1'000 != 0) return;
    std::string wrong = dag_.checkInvariants();
    if (wrong.empty()) wrong = tasks_.checkInvariants();
    demand(wrong.empty(), wrong);
  }

  void checkTheEnd() {
    for (const auto& [id, job] : jobs_) demand(job.ended, "job " + id.str() + " hangs");
    for (const auto& [id, stage] : stages_) demand(stage.done, "stage " + id.str() + " was never said to be done");
    demand(dag_.activeJobs() == 0 && dag_.activeStages() == 0, "the DAG scheduler is not idle");
    demand(tasks_.pendingTasks() == 0, "tasks are pending after the last job");
    for (const auto& [id, executor] : cluster_) {
      demand(tasks_.runningOn(id).empty(), "executor " + id.str() + " holds tasks after the last job");
    }
  }

  /// All shuffles that a task of the stage might read, caches or not.
  const std::set<ShuffleId>& shufflesOf(const NodePtr& node) {
    auto [place, is_new] = shuffles_of_.try_emplace(node.get());
    if (!is_new) return place->second;
    for (const RddNode* each : stageNodes(node.get())) {
      for (const auto& dependency : each->dependencies()) {
        if (dependency.shuffle) place->second.insert(dependency.shuffle->id());
      }
    }
    return place->second;
  }

  Random random_;
  const bool large_;
  const bool patient_;  // nothing but a cancellation may end a job
  EventQueue events_;
  FakeLineage lineage_;
  Truth truth_;
  std::vector<NodePtr> nodes_;
  std::vector<std::shared_ptr<ShuffleDependency>> shuffles_;
  std::map<const RddNode*, std::set<ShuffleId>> shuffles_of_;
  DagScheduler dag_;
  TaskScheduler tasks_;
  std::map<ExecutorId, SimulatedExecutor> cluster_;
  std::map<StageId, StageRecord> stages_;
  std::map<JobId, JobRecord> jobs_;
  std::set<JobId> cancelled_;
  std::map<std::pair<ShuffleId, int>, int> map_counts_;
  double task_failures_ = 0;
  double losses_ = 0;
  Millis longest_task_ = 0;
  Millis longest_delay_ = 0;
  bool with_barriers_ = false;
  int64_t next_executor_ = 0;
  int64_t next_job_ = 0;
  int64_t checks_ = 0;
};

int64_t environment(const char* name, int64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoll(value);
}

}  // namespace

TEST_CASE("simulated clusters that go wrong in every way still give the right results, once", "[driver][fault]") {
  const int64_t only_seed = environment("CERIUM_SIM_SEED", -1);
  const int64_t first = only_seed >= 0 ? only_seed : 0;
  const int64_t count = only_seed >= 0 ? 1 : environment("CERIUM_SIM_SEEDS", 200);
  for (int64_t seed = first; seed < first + count; ++seed) {
    try {
      Simulation(static_cast<uint64_t>(seed)).run();
    } catch (const std::exception& wrong) {
      FAIL_CHECK("seed " << seed << ": " << wrong.what());
    }
  }
  SUCCEED();
}

}  // namespace cerium
