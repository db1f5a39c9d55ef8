// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/scheduler_loop.h"

#include <pthread.h>

#include <chrono>
#include <future>

#include "base/util/exception_text.h"
#include "base/util/log.h"

namespace cerium {

SchedulerLoop::SchedulerLoop(Options options, ClusterBackend& backend, EventBus& bus)
    : backend_(backend),
      bus_(bus),
      max_result_bytes_(options.max_result_bytes),
      dag_(options.dag),
      tasks_(options.tasks),
      allocation_(options.allocation) {}

SchedulerLoop::~SchedulerLoop() { stop("the scheduler was destroyed"); }

void SchedulerLoop::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "cerium-sched");
}

void SchedulerLoop::stop(const std::string& reason) {
  if (!thread_.joinable()) return;
  backendFailed(reason);
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SchedulerLoop::post(std::function<void()> action) {
  bool was_empty;
  {
    std::lock_guard lock(mutex_);
    was_empty = events_.empty();
    events_.push_back(std::move(action));
  }
  if (was_empty) wake_.notify_one();
}

void SchedulerLoop::run() {
  constexpr auto kTick = std::chrono::milliseconds(100);
  auto next_tick = std::chrono::steady_clock::now() + kTick;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait_until(lock, next_tick, [this] { return stopping_ || !events_.empty(); });
    auto batch = std::move(events_);
    events_.clear();
    const bool is_end = batch.empty() && stopping_;
    lock.unlock();
    if (is_end) return tellUnended();
    for (auto& event : batch) {
      const auto thrown = guarded(event);
      if (!thrown) continue;
      log::error("the scheduler cannot go on: {}", thrown->str());
      is_carrying_out_ = false;
      backendFailed("the scheduler of this Context cannot go on: " + thrown->str());
    }
    batch.clear();
    if (std::chrono::steady_clock::now() >= next_tick) {
      next_tick = std::chrono::steady_clock::now() + kTick;
      tick();
    }
    if (!changed_.empty()) tellProgress();
    lock.lock();
  }
}

void SchedulerLoop::tick() {
  backend_.tick(now());
  carryOut(tasks_.tick(now()));
  followDecommissions();
  if (allocation_.enabled()) decideAllocation();
}

Millis SchedulerLoop::now() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// ---- events

void SchedulerLoop::submit(std::shared_ptr<RunningJob> job) {
  post([this, job = std::move(job)] {
    JobRequest& request = job->request_;
    tellJobStarted(*job);
    jobs_.emplace(job->id_, job);
    if (!dead_.empty()) {
      Failure failure;
      failure.message = dead_;
      return endJob(job->id_, failure);
    }
    carryOut(dag_.submitJob({job->id_, request.node, std::move(request.partitions), job->settings_.pool}));
  });
}

void SchedulerLoop::cancelJob(JobId job, const std::string& reason) {
  post([this, job, reason] { carryOut(dag_.cancelJob(job, reason)); });
}

void SchedulerLoop::cancelJobs(std::function<bool(const JobSettings&)> which, const std::string& reason) {
  post([this, which = std::move(which), reason] {
    std::vector<JobId> chosen;
    for (const auto& [id, job] : jobs_) {
      if (!which || which(job->settings_)) chosen.push_back(id);
    }
    for (JobId id : chosen) carryOut(dag_.cancelJob(id, reason));
  });
}

void SchedulerLoop::releaseShuffle(ShuffleId shuffle) {
  post([this, shuffle] {
    dag_.shuffleReleased(shuffle);
    backend_.dropShuffle(shuffle);
  });
}

void SchedulerLoop::unpersist(RddId rdd) {
  post([this, rdd] {
    bus_.post(events::RddUnpersisted{.at = events::wallTime(), .rdd = rdd});
    dag_.rddUnpersisted(rdd);
    backend_.dropRdd(rdd);
  });
}

void SchedulerLoop::waitUntilIdle() {
  auto done = std::make_shared<std::promise<void>>();
  post([done] { done->set_value(); });
  done->get_future().wait_for(std::chrono::seconds(10));  // a loop that is being stopped takes no more
}

void SchedulerLoop::dropBroadcast(BroadcastId broadcast) {
  post([this, broadcast] { backend_.dropBroadcast(broadcast); });
}

void SchedulerLoop::filesChanged() {
  post([this] { backend_.filesChanged(); });
}

void SchedulerLoop::setPool(const std::string& name, int weight, int min_share) {
  post([this, name, weight, min_share] { tasks_.setPool(name, weight, min_share); });
}

std::string SchedulerLoop::explainWaiting() {
  auto done = std::make_shared<std::pair<std::mutex, std::condition_variable>>();
  auto text = std::make_shared<std::optional<std::string>>();
  post([this, done, text] {
    std::lock_guard lock(done->first);
    *text = tasks_.explainWaiting(now());
    done->second.notify_all();
  });
  std::unique_lock lock(done->first);
  done->second.wait_for(lock, std::chrono::seconds(5), [&] { return text->has_value(); });
  return text->value_or("the scheduler does not answer");
}

void SchedulerLoop::executorAdded(ExecutorId executor, NewExecutor added) {
  post([this, executor, added = std::move(added)] {
    hosts_[executor] = added.host;
    cores_[executor] = added.cores;
    bus_.post(events::ExecutorAdded{.at = events::wallTime(),
                                    .executor = executor,
                                    .host = added.host,
                                    .cores = added.cores,
                                    .memory_bytes = added.memory_bytes});
    carryOut(tasks_.executorAdded(executor, added.host, added.cores, now()));
    if (const auto told = leave_on_arrival_.extract(executor)) beginDecommission(executor, told.mapped());
  });
}

void SchedulerLoop::executorLost(ExecutorId executor, Failure failure, std::vector<TaskId> crashed) {
  post([this, executor, failure = std::move(failure), crashed = std::move(crashed)]() mutable {
    auto host = hosts_.find(executor);
    if (host == hosts_.end()) return;
    if (decommissions_.contains(executor)) {
      log::info("executor {} on {} has left: {}", executor.value, host->second, failure.message);
    } else {
      log::warn("executor {} on {} is lost: {}{}{}", executor.value, host->second, failure.message,
                failure.stack.empty() ? "" : "\n", failure.stack);
    }
    failure.host = host->second;
    failure.executor = executor;
    tellTasksLost(executor, failure.message);
    bus_.post(events::ExecutorRemoved{
        .at = events::wallTime(), .executor = executor, .host = host->second, .reason = failure.message});
    hosts_.erase(host);
    cores_.erase(executor);
    decommissions_.lost(executor);
    leave_on_arrival_.erase(executor);
    fetch_failures_.forget(executor);
    carryOut(dag_.executorLost(executor, failure.message));
    carryOut(tasks_.executorLost(executor, failure, crashed, now()));
  });
}

void SchedulerLoop::taskEnded(TaskEndEvent event) {
  auto shared = std::make_shared<TaskEndEvent>(std::move(event));
  post([this, shared] { handleTaskEnd(*shared); });
}

void SchedulerLoop::blockChanged(ExecutorId executor, BlockChange change) {
  post([this, executor, change] {
    if (change.present) {
      decommissions_.blockCopied(change.rdd, change.partition, executor);
      dag_.blockCached(change.rdd, change.partition, executor);
    } else {
      decommissions_.blockMissing(change.rdd, change.partition, executor);
      dag_.blockDropped(change.rdd, change.partition, executor);
    }
    if (!bus_.isWatched()) return;
    bus_.post(events::BlockUpdated{.at = events::wallTime(),
                                   .executor = executor,
                                   .host = hostOf(executor),
                                   .rdd = change.rdd,
                                   .partition = change.partition,
                                   .present = change.present,
                                   .memory_bytes = change.memory,
                                   .disk_bytes = change.disk});
  });
}

void SchedulerLoop::executorUses(ExecutorId executor, ExecutorUse use) {
  if (!bus_.isWatched()) return;
  post([this, executor, use] {
    bus_.post(events::ExecutorMetrics{.at = events::wallTime(),
                                      .executor = executor,
                                      .host = hostOf(executor),
                                      .memory_used = use.memory,
                                      .disk_used = use.disk});
  });
}

void SchedulerLoop::backendFailed(std::string reason) {
  post([this, reason = std::move(reason)] {
    if (dead_.empty()) dead_ = reason;
    Failure failure;
    failure.message = dead_;
    while (!jobs_.empty()) {
      const JobId job = jobs_.begin()->first;
      auto instructions = dag_.cancelJob(job, dead_);
      for (auto& instruction : instructions) {
        if (auto* cancel = std::get_if<dag::CancelTasks>(&instruction)) carry(*cancel);
        if (auto* stage_done = std::get_if<dag::StageDone>(&instruction)) carry(*stage_done);
      }
      endJob(job, failure);
    }
  });
}

// ---- instructions

void SchedulerLoop::carryOut(dag::Instructions instructions) {
  for (auto& instruction : instructions) to_carry_out_.emplace_back(std::move(instruction));
  carryOutAll();
}

void SchedulerLoop::carryOut(tasks::Instructions instructions) {
  for (auto& instruction : instructions) to_carry_out_.emplace_back(std::move(instruction));
  carryOutAll();
}

void SchedulerLoop::carryOutAll() {
  if (is_carrying_out_) return;
  is_carrying_out_ = true;
  const auto carry_each = [this](auto& instruction) { std::visit([this](auto& each) { carry(each); }, instruction); };
  while (!to_carry_out_.empty()) {
    auto next = std::move(to_carry_out_.front());
    to_carry_out_.pop_front();
    std::visit(carry_each, next);
  }
  is_carrying_out_ = false;
}

void SchedulerLoop::carry(dag::SubmitTasks& submit) {
  Stage& stage = stages_[submit.stage.id];
  auto job = jobs_.find(submit.job);
  if (!stage.code) {
    auto code = std::make_shared<StageCode>();
    code->id = submit.stage.id;
    code->num_partitions = submit.node->numPartitions();
    if (submit.shuffle) {
      code->body = submit.shuffle->mapSide();
      code->shuffle = submit.shuffle->id();
    } else {
      code->body = job->second->request_.body;
    }
    if (job != jobs_.end()) code->properties = job->second->settings_.properties;
    stage.code = std::move(code);
    stage.node = submit.node;
  }
  tellSubmitted(stage, submit);
  carryOut(tasks_.submit(submit, now()));
}

void SchedulerLoop::carry(dag::CancelTasks& cancel) { carryOut(tasks_.cancel(cancel.stage, cancel.reason, now())); }

void SchedulerLoop::carry(dag::StageDone& done) {
  auto stage = stages_.find(done.stage);
  if (stage == stages_.end()) {
    if (done.skipped && done.shuffle) tellSkipped(done);
    return;
  }
  stage->second.figures.active_tasks = 0;  // those that still run are being killed
  tellOver(stage->second, done.failure.empty() ? events::StageOutcome::kCancelled : events::StageOutcome::kFailed,
           done.failure);
  stages_.erase(stage);
  backend_.dropStage(done.stage);
}

void SchedulerLoop::carry(dag::JobSucceeded& succeeded) { endJob(succeeded.job, std::nullopt); }
void SchedulerLoop::carry(dag::JobAborted& aborted) { endJob(aborted.job, std::move(aborted.failure)); }
void SchedulerLoop::carry(dag::DropCached& drop) { backend_.dropCached(drop.rdd); }
void SchedulerLoop::carry(dag::Note& note) { log::info("{}", note.text); }
void SchedulerLoop::carry(tasks::Note& note) { log::info("{}", note.text); }

void SchedulerLoop::carry(tasks::Excluded& excluded) {
  log::info("executor {} on {} gets no more tasks for {} s: {}", excluded.executor.value, excluded.host,
            excluded.lasts / 1000, excluded.reason);
  bus_.post(events::ExecutorExcluded{.at = events::wallTime(),
                                     .executor = excluded.executor,
                                     .host = std::move(excluded.host),
                                     .reason = std::move(excluded.reason),
                                     .lasts = events::Took(excluded.lasts)});
}

void SchedulerLoop::carry(tasks::Readmitted& readmitted) {
  bus_.post(events::ExecutorReadmitted{
      .at = events::wallTime(), .executor = readmitted.executor, .host = hostOf(readmitted.executor)});
}

void SchedulerLoop::endJob(JobId id, std::optional<Failure> failure) {
  auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  auto job = std::move(found->second);
  jobs_.erase(found);
  // Where no function of the user's is known to be at fault, the action is.
  if (failure && (failure->call_site.empty() || failure->exception_type.empty())) failure->call_site = job->action_;
  tellJobEnded(*job, failure);
  job->finish(std::move(failure));
}

void SchedulerLoop::carry(tasks::Launch& launch) {
  std::vector<TaskLaunch> tasks;
  tasks.reserve(launch.tasks.size());
  for (const auto& task : launch.tasks) {
    auto stage = stages_.find(task.stage.id);
    if (stage == stages_.end()) continue;
    ++stage->second.figures.active_tasks;
    figuresChanged(stage->first, stage->second);
    tasks.push_back({.id = task.id,
                     .stage = stage->second.code,
                     .stage_attempt = task.stage.attempt,
                     .partition = task.partition,
                     .attempt = task.attempt,
                     .data = {}});
  }
  if (bus_.isWatched()) tellLaunched(launch);
  backend_.launch(launch.executor, std::move(tasks), dag_);
}

void SchedulerLoop::carry(tasks::Kill& kill) { backend_.kill(kill.executor, kill.task, kill.reason); }

void SchedulerLoop::carry(tasks::GiveUp& give_up) { carryOut(dag_.stageFailed(give_up.stage, give_up.failure)); }

}  // namespace cerium
