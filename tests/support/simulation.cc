// Cerium. Licensed under the Apache License 2.0.
#include "tests/support/simulation.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <utility>

namespace cerium::test {
namespace {

constexpr Millis kTimeLimit = 3'600'000;     // simulated
constexpr int64_t kEventLimit = 20'000'000;  // a livelock may take no time at all
constexpr int64_t kEventsPerTask = 40;       // and a large program takes more than that

void demand(bool is_true, const std::string& otherwise) {
  if (!is_true) throw Wrong(otherwise);
}

/// Of this thread: the time for which other processes had the processor does not count.
std::chrono::nanoseconds processorTime() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

Simulation::Settings Simulation::settingsOf(uint64_t seed) {
  Random random(seed ^ 0x5eed);
  Settings settings;
  settings.is_patient = seed % 10 < 7;
  if (settings.is_patient) {
    settings.options.dag.max_stage_attempts = 1'000'000;
    settings.options.tasks.max_task_failures = 1'000'000;
    settings.options.tasks.max_executors_lost = 1'000'000;
  }
  settings.options.tasks.fair = random.chance(0.3);
  settings.options.allocation.enabled = random.chance(0.2);
  settings.options.allocation.executor_cores = 2;
  settings.options.allocation.max_executors = 60;
  settings.options.allocation.idle_ms = 3'000;
  const bool is_large = seed % 50 == 49;
  settings.executors = is_large ? 1'000 : random.between(3, 50);
  settings.large_stages = is_large ? 0.3 : 0;
  settings.check_every = is_large ? 1'000 : 1;
  settings.jobs = random.between(1, 20);
  settings.task_failures = random.chance(0.5) ? 0.03 : 0;
  settings.failed_deliveries = random.chance(0.2) ? 0.003 : 0;
  settings.losses = random.any<double>({0, 0.002, 0.01, 0.05});
  settings.longest_task = random.any<Millis>({1, 50, 3'000});
  settings.longest_delay = random.any<Millis>({0, 5, 500});
  settings.with_barriers = random.chance(0.2);
  return settings;
}

Simulation::Settings Simulation::largeSettings(int64_t executors, int64_t tasks) {
  Settings settings;
  settings.is_patient = true;
  settings.options.dag.max_stage_attempts = 1'000'000;
  settings.options.tasks.max_task_failures = 1'000'000;
  settings.options.tasks.max_executors_lost = 1'000'000;
  settings.executors = executors;
  settings.hosts = static_cast<int>(executors / 4);
  settings.tasks = tasks;
  settings.is_watched = false;
  settings.check_every = 50'000;
  settings.task_failures = 0.0002;
  settings.stragglers = 0.0005;
  settings.doubled = 0.001;
  settings.losses = 0.000005;  // four times a second: an executor dies once in 14 hours
  settings.mishaps = 0.05;
  settings.cancellations = 0;
  settings.longest_task = 2'000;
  settings.longest_delay = 3;
  settings.chaos_ends = kTimeLimit;
  return settings;
}

Simulation::Simulation(uint64_t seed, Settings settings)
    : random_(seed), settings_(std::move(settings)), scheduler_(settings_.options) {}

void Simulation::run() {
  feed(in::ReadersChanged{settings_.is_watched});
  for (int64_t n = settings_.executors; n > 0; --n) addExecutor();
  if (settings_.tasks > 0) {
    keepJobsRunning();
  } else {
    buildLineage();
    for (int64_t n = settings_.jobs; n > 0; --n)
      events_.after(random_.upTo(settings_.chaos_ends - 5'000), [this] { submitJob(); });
  }
  events_.after(100, [this] { tick(); });
  events_.after(random_.between(1, 500), [this] { misfortune(); });
  const int64_t limit = kEventLimit + settings_.tasks * kEventsPerTask;
  int64_t steps = 0;
  while (events_.step()) {
    check();
    if (events_.now() >= kTimeLimit || ++steps >= limit)
      throw Wrong("the jobs never end:\n" + scheduler_.explainWaiting(events_.now()));
  }
  figures_.simulated = events_.now();
  checkTheEnd();
}

/// The program of large settings ends with its jobs, and with it what goes wrong.
bool Simulation::chaosIsOver() const {
  if (settings_.tasks > 0) return figures_.delivered >= settings_.tasks && running_jobs_ == 0;
  return events_.now() >= settings_.chaos_ends;
}

void Simulation::tick() {
  feed(in::Tick{.executors_are_starting = coming_ > 0});
  if (settings_.options.allocation.enabled) keepWanted();
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
      nodes_.push_back(lineage_.map(parent, settings_.with_barriers && parent->numPartitions() <= 10));
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
  if (random_.chance(settings_.large_stages)) return static_cast<int>(random_.between(100, 300));
  return static_cast<int>(random_.between(1, random_.chance(0.2) ? 100 : 10));
}

void Simulation::submitJob() {
  const JobId id(next_job_++);
  JobRecord& job = jobs_[id];
  job.node = random_.any(nodes_);
  for (int p = 0; p < job.node->numPartitions(); ++p) {
    if (random_.chance(0.8)) job.partitions.push_back(p);
  }
  submit(id);
}

void Simulation::submit(JobId id) {
  const JobRecord& job = jobs_.at(id);
  events::JobDescription shown;
  shown.job = id;
  shown.call_site = "collect at simulation.cc:1";
  ++running_jobs_;
  feed(in::JobSubmitted{{id, job.node, job.partitions, random_.chance(0.5) ? "a" : "b"},
                        std::make_shared<const events::JobDescription>(shown)});
}

/// Eight at a time, like a program with as many threads.
void Simulation::keepJobsRunning() {
  while (running_jobs_ < 8 && figures_.delivered < settings_.tasks) submitLargeJob();
}

/// A job over a shuffle of four maps for each executor, over the shuffle of the job before, or over a cached RDD.
void Simulation::submitLargeJob() {
  const JobId id(next_job_++);
  JobRecord& job = jobs_[id];
  const auto maps = static_cast<int>(settings_.executors * 4);
  constexpr int kReduces = 100;
  const int64_t kind = id.value % 4;
  if (kind == 0) {
    if (shuffles_.size() > 8) {
      feed(in::ShuffleReleased{shuffles_.front()->id()});
      shuffles_.erase(shuffles_.begin());
    }
    shuffles_.push_back(lineage_.dependency(lineage_.map(lineage_.source(maps)), kReduces));
    job.node = lineage_.read(shuffles_.back());
  } else if (kind == 1) {
    job.node = lineage_.map(lineage_.read(shuffles_.back()));
  } else if (kind == 2) {
    if (!nodes_.empty()) feed(in::RddUnpersisted{nodes_.back()->id()});
    nodes_ = {lineage_.map(lineage_.source(maps / 4))};
    nodes_.back()->setStorageLevel(MEMORY_ONLY);
    job.node = nodes_.back();
  } else {
    job.node = lineage_.map(nodes_.back());
  }
  for (int p = 0; p < job.node->numPartitions(); ++p) job.partitions.push_back(p);
  submit(id);
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
    const auto begin = processorTime();
    const auto instructions = scheduler_.handle(std::move(next), events_.now());
    figures_.in_scheduler += processorTime() - begin;
    ++figures_.inputs;
    if (on_instructions) on_instructions(instructions);
    for (const auto& instruction : instructions) std::visit([this](const auto& one) { does(one); }, instruction);
  }
  is_feeding_ = false;
}

void Simulation::hear(in::Event event) {
  ++figures_.messages_in;
  feed(std::move(event));
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
  ++figures_.delivered;
  const StageRecord& stage = stages_.at(deliver.stage.id);
  demand(stage.shuffle != nullptr || deliver.job == stage.job, "a result was delivered to the wrong job");
  if (stage.shuffle) {
    demand(maps_counted_.emplace(stage.shuffle->id(), deliver.partition).second, "a map task counted twice");
  } else {
    JobRecord& job = jobs_.at(deliver.job);
    demand(job.results.emplace(deliver.partition, results_.at(deliver.task)).second, "a result counted twice");
  }
  if (!random_.chance(settings_.failed_deliveries)) return;
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
  --running_jobs_;
  if (end.failure) {
    const bool has_cause =
        job.may_fail || !settings_.is_patient || end.failure->message.starts_with("barrier stage needs");
    demand(has_cause, "a job failed without cause: " + end.failure->message);
    demand(job.may_fail || end.failure->stage.valid(), "a failure names no stage");
    return;
  }
  demand(job.results.size() == job.partitions.size(), "a job succeeded without all its results");
  for (const auto& [partition, content] : job.results)
    demand(content == truth_.of(*job.node, partition), fmt::format("partition {} is wrong", partition));
  if (settings_.tasks == 0) return;
  job = {.node = nullptr, .partitions = {}, .results = {}, .ended = true};
  events_.after(0, [this] { keepJobsRunning(); });
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

void Simulation::does(const out::DropRdd& drop) {
  demand(settings_.tasks > 0, "cached partitions were dropped though nothing changed");
  for (SimulatedExecutor& executor : cluster_)
    std::erase_if(executor.blocks, [&](const auto& block) { return block.first.first == drop.rdd; });
}

// ---- checks

void Simulation::check() {
  if (++checks_ % settings_.check_every != 0) return;
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
