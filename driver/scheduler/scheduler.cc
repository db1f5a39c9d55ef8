// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "rdd/stage_code.h"

namespace cerium {

Scheduler::Scheduler(Options options)
    : max_result_bytes_(options.max_result_bytes),
      locates_inputs_(options.locates_inputs),
      dag_(options.dag),
      tasks_(options.tasks),
      allocation_(options.allocation) {}

out::Instructions Scheduler::handle(in::Event event, Millis now) {
  now_ = now;
  // What an event that threw left behind must not be carried out with this one.
  out_.clear();
  to_carry_out_.clear();
  never_launched_.clear();
  is_carrying_out_ = false;
  std::visit([this](auto& each) { on(each); }, event);
  if (!changed_.empty()) tellProgress();
  return std::exchange(out_, {});
}

std::string Scheduler::checkInvariants() const {
  std::string wrong = dag_.checkInvariants();
  return wrong.empty() ? tasks_.checkInvariants() : wrong;
}

std::string Scheduler::checkIdle() const {
  if (isBusy()) return fmt::format("{} jobs have not ended", jobs_.size());
  if (!stages_.empty()) return fmt::format("{} stages are still there", stages_.size());
  if (dag_.activeJobs() + dag_.activeStages() > 0) return "the DAG scheduler is not idle";
  if (tasks_.pendingTasks() > 0) return fmt::format("{} tasks wait", tasks_.pendingTasks());
  for (const auto& [id, executor] : executors_) {
    if (!tasks_.runningOn(id).empty()) return "executor " + id.str() + " holds tasks";
  }
  return {};
}

// ---- jobs

void Scheduler::on(in::JobSubmitted& event) {
  const JobId id = event.spec.id;
  Job& job = jobs_[id];
  job.shown = std::move(event.shown);
  job.started = now_;
  if (max_result_bytes_ > 0) job.measured.resize(static_cast<size_t>(event.spec.node->numPartitions()));
  if (dead_.empty()) {
    auto instructions = dag_.submitJob(std::move(event.spec));
    tellJobStarted(id, job);
    return carryOut(std::move(instructions));
  }
  tellJobStarted(id, job);
  Failure failure;
  failure.message = dead_;
  endJob(id, std::move(failure));
}

void Scheduler::on(in::JobCancelled& event) { carryOut(dag_.cancelJob(event.job, event.reason)); }

void Scheduler::on(in::JobConfirmed& event) { endJob(event.job, std::nullopt); }

/// A result or an accumulator's update could not be taken: the jobs that need it fail. Its own job may have succeeded
/// as far as the DAG scheduler knows, and still awaits its confirmation.
void Scheduler::on(in::DeliveryFailed& event) {
  Failure failure;
  failure.kind = Failure::Kind::kInDriver;
  failure.host = "the driver";
  failure.stage = event.stage.id;
  failure.partition = event.partition;
  failure.attempts = event.attempt + 1;
  failure.call_site = event.call_site.empty() ? actionOf(event.stage.id) : std::move(event.call_site);
  failure.exception_type = std::move(event.exception_type);
  failure.message = std::move(event.message);
  carryOut(dag_.stageFailed(event.stage, failure));
  endJob(event.job, std::move(failure));
}

void Scheduler::on(in::BackendFailed& event) {
  if (dead_.empty()) dead_ = event.reason;
  Failure failure;
  failure.message = dead_;
  while (!jobs_.empty()) {
    const JobId job = jobs_.begin()->first;
    for (auto& instruction : dag_.cancelJob(job, dead_)) {
      // The job ends with `failure`, and not as cancelled.
      if (auto* cancel = std::get_if<dag::CancelTasks>(&instruction)) carry(*cancel);
      if (auto* done = std::get_if<dag::StageDone>(&instruction)) carry(*done);
    }
    endJob(job, failure);
  }
}

void Scheduler::endJob(JobId id, std::optional<Failure> failure) {
  auto ended = jobs_.extract(id);
  if (ended.empty()) return;
  const Job& job = ended.mapped();
  // Where no function of the user's is known to be at fault, the action is.
  if (failure && (failure->call_site.empty() || failure->exception_type.empty()))
    failure->call_site = job.shown->call_site;
  tellJobEnded(job, failure);
  out_.emplace_back(out::EndJob{id, std::move(failure)});
}

void Scheduler::on(in::ShuffleReleased& event) {
  dag_.shuffleReleased(event.shuffle);
  out_.emplace_back(out::DropShuffle{event.shuffle});
}

void Scheduler::on(in::RddUnpersisted& event) {
  tell(events::RddUnpersisted{.at = {}, .rdd = event.rdd});
  dag_.rddUnpersisted(event.rdd);
  levels_.erase(event.rdd);
  out_.emplace_back(out::DropRdd{event.rdd});
}

void Scheduler::on(in::PoolConfigured& event) { tasks_.setPool(event.name, event.weight, event.min_share); }

void Scheduler::on(in::ReadersChanged& event) { is_watched_ = event.watched; }

// ---- executors

void Scheduler::on(in::ExecutorAdded& event) {
  executors_[event.executor] = {event.host, event.cores};
  tell(events::ExecutorAdded{.at = {},
                             .executor = event.executor,
                             .host = event.host,
                             .cores = event.cores,
                             .memory_bytes = event.memory_bytes});
  carryOut(tasks_.executorAdded(event.executor, event.host, event.cores, now_));
  if (const auto told = leave_on_arrival_.extract(event.executor)) beginDecommission(event.executor, told.mapped());
}

void Scheduler::on(in::ExecutorLost& event) {
  const auto found = executors_.find(event.executor);
  if (found == executors_.end()) return;
  Failure& failure = event.failure;
  failure.host = found->second.host;
  failure.executor = event.executor;
  if (decommissions_.contains(event.executor)) {
    log(fmt::format("executor {} on {} has left: {}", event.executor.value, failure.host, failure.message));
  } else {
    warn(fmt::format("executor {} on {} is lost: {}{}{}", event.executor.value, failure.host, failure.message,
                     failure.stack.empty() ? "" : "\n", failure.stack));
  }
  tellTasksLost(event.executor, failure.message, events::TaskOutcome::kExecutorLost);
  tell(events::ExecutorRemoved{.at = {}, .executor = event.executor, .host = failure.host, .reason = failure.message});
  executors_.erase(found);
  decommissions_.lost(event.executor);
  leave_on_arrival_.erase(event.executor);
  fetch_failures_.forget(event.executor);
  // No work is given out between the two, or the lost executor would get some of it.
  tasks_.beginBatch();
  carryOut(dag_.executorLost(event.executor, failure.message));
  carryOut(tasks_.executorLost(event.executor, failure, event.crashed, now_));
  carryOut(tasks_.endBatch(now_));
}

void Scheduler::on(in::ExecutorUses& event) {
  if (!is_watched_) return;
  tell(events::ExecutorMetrics{.at = {},
                               .executor = event.executor,
                               .host = hostOf(event.executor),
                               .memory_used = event.memory,
                               .disk_used = event.disk});
}

void Scheduler::on(in::BlockChanged& event) {
  const BlockChange& change = event.change;
  if (change.present) {
    decommissions_.blockCopied(change.rdd, change.partition, event.executor);
    dag_.blockCached(change.rdd, change.partition, event.executor);
    replicate(event.executor, change);
  } else {
    decommissions_.blockMissing(change.rdd, change.partition, event.executor);
    dag_.blockDropped(change.rdd, change.partition, event.executor);
  }
  if (!is_watched_) return;
  tell(events::BlockUpdated{.at = {},
                            .executor = event.executor,
                            .host = hostOf(event.executor),
                            .rdd = change.rdd,
                            .partition = change.partition,
                            .present = change.present,
                            .memory_bytes = change.memory,
                            .disk_bytes = change.disk});
}

/// A block of a level with two copies goes to the executor after its first holder's.
void Scheduler::replicate(ExecutorId holder, const BlockChange& change) {
  const auto level = levels_.find(change.rdd);
  if (level == levels_.end() || replicas(level->second) < 2) return;
  if (dag_.holders(change.rdd, change.partition).size() >= 2) return;
  const auto from = executors_.find(holder);
  if (from == executors_.end()) return;
  for (auto next = std::next(from); next != from; ++next) {
    if (next == executors_.end()) next = executors_.begin();
    if (next == from) return;
    if (decommissions_.contains(next->first)) continue;
    out_.emplace_back(out::CopyBlock{change.rdd, change.partition, level->second, holder, next->first});
    return;
  }
}

void Scheduler::on(in::Tick& event) {
  carryOut(tasks_.tick(now_));
  followDecommissions(event.executors_are_starting);
  if (allocation_.enabled()) decideAllocation();
}

/// The end of each task that still runs is told.
void Scheduler::on(in::Stopped&) {
  for (const auto& [id, executor] : executors_) tellTasksLost(id, dead_, events::TaskOutcome::kKilled);
}

// ---- what the two schedulers decide

void Scheduler::carryOut(dag::Instructions instructions) {
  for (auto& instruction : instructions) to_carry_out_.emplace_back(std::move(instruction));
  carryOutAll();
}

void Scheduler::carryOut(tasks::Instructions instructions) {
  for (auto& instruction : instructions) to_carry_out_.emplace_back(std::move(instruction));
  carryOutAll();
}

void Scheduler::carryOutAll() {
  if (std::exchange(is_carrying_out_, true)) return;
  const auto carry_each = [this](auto& instruction) { std::visit([this](auto& each) { carry(each); }, instruction); };
  while (!to_carry_out_.empty()) {
    auto next = std::move(to_carry_out_.front());
    to_carry_out_.pop_front();
    std::visit(carry_each, next);
  }
  is_carrying_out_ = false;
}

void Scheduler::carry(dag::SubmitTasks& submit) {
  Stage& stage = stages_[submit.stage.id];
  if (!stage.node) {
    stage.node = submit.node;
    stage.shuffle = submit.shuffle;
    out_.emplace_back(out::AddStage{submit.stage.id, submit.node, submit.shuffle, submit.job});
  }
  if (locates_inputs_) noteInputs(stage);
  tellSubmitted(stage, submit);
  carryOut(tasks_.submit(submit, now_));
}

/// Notes what launches of the stage must locate. An RDD may have been persisted or unpersisted since the last attempt.
void Scheduler::noteInputs(Stage& stage) {
  stage.reads.clear();
  stage.may_read_cached = false;
  for (const RddNode* node : stageNodes(stage.node.get())) {
    for (const Dependency& dependency : node->dependencies()) {
      if (dependency.shuffle) stage.reads.push_back(dependency.shuffle->id());
    }
    if (node->storageLevel() == StorageLevel::NONE) continue;
    stage.may_read_cached = true;
    levels_[node->id()] = node->storageLevel();
  }
}

void Scheduler::carry(dag::CancelTasks& cancel) { carryOut(tasks_.cancel(cancel.stage, cancel.reason, now_)); }

void Scheduler::carry(dag::StageDone& done) {
  auto stage = stages_.find(done.stage);
  if (stage == stages_.end()) {
    if (done.skipped && done.shuffle) tellSkipped(done);
    return;
  }
  stage->second.figures.active_tasks = 0;  // those that still run are being killed
  tellOver(stage->second, done.failure.empty() ? events::StageOutcome::kCancelled : events::StageOutcome::kFailed,
           done.failure);
  stages_.erase(stage);
  // A barrier stage that started over may be complete by tasks of the attempt before: those of the new one are left.
  carryOut(tasks_.cancel({done.stage, std::numeric_limits<int>::max()}, "its stage is over", now_));
  out_.emplace_back(out::DropStage{done.stage});
}

void Scheduler::carry(dag::JobSucceeded& succeeded) {
  if (succeeded.sizes) out_.emplace_back(out::HandOutSizes{succeeded.job, std::move(succeeded.sizes)});
  out_.emplace_back(out::ConfirmJob{succeeded.job});
}
void Scheduler::carry(dag::JobAborted& aborted) { endJob(aborted.job, std::move(aborted.failure)); }
void Scheduler::carry(dag::DropCached& drop) { out_.emplace_back(out::DropRdd{drop.rdd}); }
void Scheduler::carry(dag::Note& note) { log(std::move(note.text)); }
void Scheduler::carry(tasks::Note& note) { log(std::move(note.text)); }

void Scheduler::carry(tasks::Launch& launch) {
  for (const auto& task : launch.tasks) {
    auto stage = stages_.find(task.stage.id);
    if (stage == stages_.end()) {  // dropped since the launch was decided; the order to kill its tasks follows
      never_launched_.insert(task.id);
      continue;
    }
    ++stage->second.figures.active_tasks;
    figuresChanged(stage->first, stage->second);
  }
  if (is_watched_) tellLaunched(launch);
  out_.emplace_back(located(launch));
}

/// The launch with what its executor needs to know: which executors hold the input of its tasks.
out::Launch Scheduler::located(const tasks::Launch& launch) const {
  out::Launch located{launch.executor, {}, {}};
  located.tasks.reserve(launch.tasks.size());
  std::vector<StageId> read;
  for (const auto& task : launch.tasks) {
    const auto stage = stages_.find(task.stage.id);
    if (stage == stages_.end()) continue;
    located.tasks.push_back({task.id, task.stage, task.partition, task.attempt, {}});
    if (!locates_inputs_) continue;
    if (stage->second.may_read_cached) locateCached(*stage->second.node, located.tasks.back());
    if (std::find(read.begin(), read.end(), stage->first) != read.end()) continue;
    read.push_back(stage->first);
    for (ShuffleId shuffle : stage->second.reads)
      located.shuffles.push_back({shuffle, dag_.mapOutputEpoch(shuffle), dag_.mapOutputs(shuffle)});
  }
  return located;
}

void Scheduler::locateCached(const RddNode& node, out::LaunchedTask& task) const {
  for (const PartitionRef& cached : cachedPartitions(node, task.partition)) {
    const auto holders = dag_.holders(cached.node->id(), cached.partition);
    if (!holders.empty()) task.cached.push_back({cached.node->id(), cached.partition, holders.front()});
  }
}

void Scheduler::carry(tasks::Kill& kill) {
  if (never_launched_.erase(kill.task) > 0) return endKilled(kill.task);  // no executor will report its end
  out_.emplace_back(out::KillTask{kill.executor, kill.task, std::move(kill.reason)});
}

void Scheduler::carry(tasks::GiveUp& give_up) { carryOut(dag_.stageFailed(give_up.stage, give_up.failure)); }

void Scheduler::carry(tasks::Excluded& excluded) {
  log(fmt::format("executor {} on {} gets no more tasks for {} s: {}", excluded.executor.value, excluded.host,
                  excluded.lasts / 1000, excluded.reason));
  tell(events::ExecutorExcluded{.at = {},
                                .executor = excluded.executor,
                                .host = std::move(excluded.host),
                                .reason = std::move(excluded.reason),
                                .lasts = events::Took(excluded.lasts)});
}

void Scheduler::carry(tasks::Readmitted& readmitted) {
  tell(events::ExecutorReadmitted{.at = {}, .executor = readmitted.executor, .host = hostOf(readmitted.executor)});
}

}  // namespace cerium
