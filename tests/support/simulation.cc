// Cerium. Licensed under the Apache License 2.0.
#include "tests/support/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cerium::test {
namespace {

constexpr Millis kChaosEnds = 30'000;        // nothing goes wrong later, so that what is left must come to an end
constexpr Millis kTimeLimit = 3'600'000;     // simulated
constexpr int64_t kEventLimit = 20'000'000;  // a livelock may take no time at all

void demand(bool is_true, const std::string& otherwise) {
  if (!is_true) throw Wrong(otherwise);
}

bool isPatient(uint64_t seed) { return seed % 10 < 7; }

}  // namespace

Scheduler::Options Simulation::optionsOf(uint64_t seed) {
  Random random(seed ^ 0x5eed);
  Scheduler::Options options;
  if (isPatient(seed)) {
    options.dag.max_stage_attempts = 1'000'000;
    options.tasks.max_task_failures = 1'000'000;
    options.tasks.max_executors_lost = 1'000'000;
  }
  options.tasks.fair = random.chance(0.3);
  options.allocation.enabled = random.chance(0.2);
  options.allocation.executor_cores = 2;
  options.allocation.max_executors = 60;
  options.allocation.idle_ms = 3'000;
  return options;
}

Simulation::Simulation(uint64_t seed)
    : random_(seed),
      options_(optionsOf(seed)),
      large_(seed % 50 == 49),
      patient_(isPatient(seed)),
      scheduler_(options_) {
  task_failures_ = random_.chance(0.5) ? 0.03 : 0;
  failed_deliveries_ = random_.chance(0.2) ? 0.003 : 0;
  losses_ = random_.any<double>({0, 0.002, 0.01, 0.05});
  longest_task_ = random_.any<Millis>({1, 50, 3'000});
  longest_delay_ = random_.any<Millis>({0, 5, 500});
  with_barriers_ = random_.chance(0.2);
}

void Simulation::run() {
  buildLineage();
  feed(in::ReadersChanged{true});
  for (int64_t n = large_ ? 1'000 : random_.between(3, 50); n > 0; --n) addExecutor();
  for (int64_t n = random_.between(1, 20); n > 0; --n)
    events_.after(random_.upTo(kChaosEnds - 5'000), [this] { submitJob(); });
  events_.after(100, [this] { tick(); });
  events_.after(random_.between(1, 500), [this] { misfortune(); });
  int64_t steps = 0;
  while (events_.step()) {
    check();
    demand(events_.now() < kTimeLimit && ++steps < kEventLimit,
           "the jobs never end:\n" + scheduler_.explainWaiting(events_.now()));
  }
  checkTheEnd();
}

bool Simulation::chaosIsOver() const { return events_.now() >= kChaosEnds; }

void Simulation::tick() {
  feed(in::Tick{.executors_are_starting = coming_ > 0});
  if (options_.allocation.enabled) keepWanted();
  if (!chaosIsOver() || scheduler_.isBusy()) events_.after(100, [this] { tick(); });
}

// ---- the program

void Simulation::buildLineage() {
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
    if (random_.chance(0.25)) nodes_.back()->setStorageLevel(random_.chance(0.3) ? MEMORY_ONLY_2 : MEMORY_ONLY);
    // Unions and barriers multiply what later tasks must read; keep a seed within a second.
    if (nodes_.back()->numPartitions() > 400) nodes_.pop_back();
  }
}

int Simulation::partitions() {
  if (random_.chance(0.05)) return 0;
  if (large_ && random_.chance(0.3)) return static_cast<int>(random_.between(100, 300));
  return static_cast<int>(random_.between(1, random_.chance(0.2) ? 100 : 10));
}

void Simulation::submitJob() {
  const JobId id(next_job_++);
  JobRecord& job = jobs_[id];
  job.node = random_.any(nodes_);
  for (int p = 0; p < job.node->numPartitions(); ++p) {
    if (random_.chance(0.8)) job.partitions.push_back(p);
  }
  events::JobDescription shown;
  shown.job = id;
  shown.call_site = "collect at simulation.cc:1";
  feed(in::JobSubmitted{{id, job.node, job.partitions, random_.chance(0.5) ? "a" : "b"},
                        std::make_shared<const events::JobDescription>(shown)});
}

void Simulation::cancelSomeJob() {
  for (auto& [id, job] : jobs_) {
    if (job.ended) continue;
    job.may_fail = true;
    return feed(in::JobCancelled{id, "cancelled"});
  }
}

// ---- what the scheduler wants

void Simulation::feed(in::Event event) {
  to_feed_.push_back(std::move(event));
  if (std::exchange(is_feeding_, true)) return;
  while (!to_feed_.empty()) {
    in::Event next = std::move(to_feed_.front());
    to_feed_.pop_front();
    if (on_event) on_event(next, events_.now());
    const auto instructions = scheduler_.handle(std::move(next), events_.now());
    if (on_instructions) on_instructions(instructions);
    for (const auto& instruction : instructions) std::visit([this](const auto& one) { does(one); }, instruction);
  }
  is_feeding_ = false;
}

void Simulation::does(const out::AddStage& add) {
  StageRecord& stage = stages_[add.stage];
  demand(stage.node == nullptr, "a stage was added twice");
  stage.node = add.node;
  stage.shuffle = add.shuffle;
  stage.job = add.job;
}

void Simulation::does(const out::DropStage& drop) {
  StageRecord& stage = stages_.at(drop.stage);
  demand(!std::exchange(stage.done, true), "a stage was dropped twice");
}

void Simulation::does(const out::Deliver& deliver) {
  const StageRecord& stage = stages_.at(deliver.stage.id);
  demand(stage.shuffle != nullptr || deliver.job == stage.job, "a result was delivered to the wrong job");
  if (stage.shuffle) {
    demand(map_counts_[{stage.shuffle->id(), deliver.partition}]++ == 0, "a map task counted twice");
  } else {
    JobRecord& job = jobs_.at(deliver.job);
    demand(job.results.emplace(deliver.partition, results_.at(deliver.task)).second, "a result counted twice");
  }
  if (!random_.chance(failed_deliveries_)) return;
  for (auto& [id, job] : jobs_) job.may_fail = job.may_fail || !job.ended;  // several may need a map stage
  in::DeliveryFailed failed;
  failed.job = deliver.job;
  failed.stage = deliver.stage;
  failed.partition = deliver.partition;
  failed.message = "the delivery failed";
  feed(std::move(failed));
}

void Simulation::does(const out::ConfirmJob& confirm) { feed(in::JobConfirmed{confirm.job}); }

void Simulation::does(const out::EndJob& end) {
  JobRecord& job = jobs_.at(end.job);
  demand(!std::exchange(job.ended, true), "a job ended twice");
  if (end.failure) {
    const bool has_cause = job.may_fail || !patient_ || end.failure->message.starts_with("barrier stage needs");
    demand(has_cause, "a job failed without cause: " + end.failure->message);
    demand(job.may_fail || end.failure->stage.valid(), "a failure names no stage");
    return;
  }
  demand(job.results.size() == job.partitions.size(), "a job succeeded without all its results");
  for (const auto& [partition, content] : job.results)
    demand(content == truth_.of(*job.node, partition), fmt::format("partition {} is wrong", partition));
}

/// Each attempt of a stage, and each task, is told to start and to end, once.
void Simulation::does(const out::Tell& tell) {
  if (const auto* submitted = std::get_if<events::StageSubmitted>(&tell.event)) {
    demand(stages_[submitted->stage->stage].attempts_told++ == 0, "a stage was told to start while it runs");
  } else if (const auto* completed = std::get_if<events::StageCompleted>(&tell.event)) {
    demand(--stages_[completed->stage->stage].attempts_told == 0, "a stage was told to end that does not run");
    demand(completed->figures.completed_tasks <= completed->figures.num_tasks,
           fmt::format("stage {} completed {} of {} tasks", completed->stage->stage.value,
                       completed->figures.completed_tasks, completed->figures.num_tasks));
  } else if (const auto* started = std::get_if<events::TaskStarted>(&tell.event)) {
    demand(++tasks_told_[started->task.task] == 1, "a task was told to start twice");
  } else if (const auto* ended = std::get_if<events::TaskEnded>(&tell.event)) {
    demand(tasks_told_.erase(ended->task.task) == 1, "a task was told to end that does not run");
  }
}

void Simulation::does(const out::DropRdd&) { demand(false, "cached partitions were dropped though nothing changed"); }

// ---- checks

void Simulation::check() {
  if (large_ && ++checks_ % 1'000 != 0) return;
  const std::string wrong = scheduler_.checkInvariants();
  demand(wrong.empty(), wrong);
}

void Simulation::checkTheEnd() const {
  for (const auto& [id, job] : jobs_) demand(job.ended, "job " + id.str() + " hangs");
  for (const auto& [id, stage] : stages_) {
    demand(stage.done, "stage " + id.str() + " was never dropped");
    demand(stage.attempts_told == 0, "the end of stage " + id.str() + " was not told");
  }
  const std::string held = scheduler_.checkIdle();
  demand(held.empty(), "after the last job " + held);
  demand(tasks_told_.empty(), fmt::format("the ends of {} tasks were not told", tasks_told_.size()));
}

}  // namespace cerium::test
