// Cerium. Licensed under the Apache License 2.0.
// The rules for what counts where are those of Spark's AppStatusListener, so that the answers agree with Spark's.
#include "web-ui/store/app_store.h"

#include <algorithm>
#include <charconv>

#include "base/config/config_values.h"

namespace cerium::store {
namespace {

constexpr size_t kUsesKept = 3600;
constexpr size_t kChangesKept = 10'000;

std::optional<std::string> find(const std::shared_ptr<const eventlog::Pairs>& properties, const std::string& key) {
  if (!properties) return std::nullopt;
  for (const auto& [name, value] : *properties) {
    if (name == key) return value;
  }
  return std::nullopt;
}
std::string property(const std::shared_ptr<const eventlog::Pairs>& properties, const std::string& key) {
  return find(properties, key).value_or("");
}

void raise(std::optional<eventlog::Peaks>& peaks, const eventlog::Peaks& by) {
  if (!peaks) peaks.emplace();
  for (size_t i = 0; i < by.size(); ++i) (*peaks)[i] = std::max((*peaks)[i], by[i]);
}

/// "rdd_3_17" -> 3, 17.
std::optional<std::pair<int64_t, int>> rddBlock(const std::string& name) {
  if (!name.starts_with("rdd_")) return std::nullopt;
  int64_t rdd = -1;
  const char* end = name.data() + name.size();
  const auto first = std::from_chars(name.data() + 4, end, rdd);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '_') return std::nullopt;
  int partition = -1;
  const auto second = std::from_chars(first.ptr + 1, end, partition);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  return std::pair(rdd, partition);
}

/// The lane for a task that ran from `began` to `ended`: the one that was free for the shortest time before.
uint16_t takeCore(Executor& executor, Instant began, Instant ended) {
  constexpr int kMostCores = 1024;
  if (executor.core_free.empty())
    executor.core_free.resize(static_cast<size_t>(std::clamp(executor.cores, 1, kMostCores)));
  size_t best = 0;
  for (size_t core = 1; core < executor.core_free.size(); ++core) {
    const Instant free = executor.core_free[core];
    const Instant best_free = executor.core_free[best];
    const bool fits = free <= began;
    const bool best_fits = best_free <= began;
    if (fits == best_fits ? (fits ? free > best_free : free < best_free) : fits) best = core;
  }
  executor.core_free[best] = std::max(executor.core_free[best], ended);
  return static_cast<uint16_t>(best);
}

/// How a task's end counts.
struct Counts {
  int completed = 0;
  int failed = 0;
  int killed = 0;
};
Counts countsOf(const eventlog::TaskEnd& end) {
  if (!end.failure) return {.completed = 1};
  const std::string& reason = end.failure->reason;
  if (reason == "TaskKilled" || reason == "TaskCommitDenied") return {.killed = 1};
  return {.failed = 1};
}

TaskStatus statusOf(const Counts& counts) {
  if (counts.completed > 0) return TaskStatus::kSuccess;
  return counts.killed > 0 ? TaskStatus::kKilled : TaskStatus::kFailed;
}

}  // namespace

int64_t Task::gettingResultTime(Instant now) const {
  if (getting_result <= 0) return 0;
  return std::max<int64_t>(0, (finished > 0 ? finished : now) - getting_result);
}

Instant Task::began() const {
  if (!has_figures || finished <= 0 || getting_result > 0) return launched;
  const int64_t worked = figures.run_time + figures.deserialize_time + figures.result_serialization_time;
  return std::max(launched, finished - worked);
}

int64_t Task::schedulerDelay() const {
  if (!has_figures || finished <= 0) return 0;
  const int64_t known =
      figures.run_time + figures.deserialize_time + figures.result_serialization_time + gettingResultTime(finished);
  return std::max<int64_t>(0, finished - launched - known);
}

const Stage* Application::lastAttempt(int64_t stage) const {
  auto after = stages.upper_bound({stage, INT32_MAX});
  if (after == stages.begin()) return nullptr;
  --after;
  return after->first.first == stage ? &after->second : nullptr;
}

const Stage* Application::find(int64_t stage, int stage_attempt) const {
  const auto found = stages.find({stage, stage_attempt});
  return found == stages.end() ? nullptr : &found->second;
}

void AppStore::read(const eventlog::LogEvent& event) {
  const MutexLock lock(mutex_);
  std::visit([this](const auto& each) CERIUM_REQUIRES(mutex_) { on(each); }, event);
}

AppStore::Versions AppStore::versions() const {
  const MutexLock lock(mutex_);
  return versions_;
}

void AppStore::sawTime(Instant at) { app_.last_event = std::max(app_.last_event, at); }

// ---- the application

void AppStore::on(const eventlog::LogStart& event) {
  app_.version = event.version;
  app_.cerium = event.cerium;
}

void AppStore::on(const eventlog::ApplicationStart& event) {
  app_.id = event.id;
  app_.name = event.name;
  app_.attempt = event.attempt;
  app_.user = event.user;
  app_.master = event.master;
  app_.started = event.at;
  sawTime(event.at);
  changed(Part::kApplication);
}

void AppStore::on(const eventlog::ApplicationEnd& event) {
  app_.ended = event.at;
  app_.exit_code = event.exit_code;
  if (const auto driver = app_.executors.find("driver"); driver != app_.executors.end())
    driver->second.duration = event.at - app_.started;
  sawTime(event.at);
  changed(Part::kApplication);
}

void AppStore::on(const eventlog::EnvironmentUpdate& event) {
  app_.environment = event;
  changed(Part::kEnvironment);
}

void AppStore::on(const eventlog::ResourceProfileAdded& event) {
  app_.resource_profiles.push_back(event.json);
  changed(Part::kEnvironment);
}

void AppStore::on(const eventlog::EventsDropped& event) {
  app_.events_dropped = event.total;
  changed(Part::kApplication);
}

// ---- jobs and stages

Stage& AppStore::stageOf(const eventlog::StageInfoPtr& info) {
  Stage& stage = app_.stages[{info->id, info->attempt}];
  stage.info = info;
  return stage;
}

Stage* AppStore::findStage(int64_t id, int attempt) {
  const auto found = app_.stages.find({id, attempt});
  return found == app_.stages.end() ? nullptr : &found->second;
}

void AppStore::on(const eventlog::JobStart& event) {
  Job& job = app_.jobs[event.job];
  job = Job();
  job.id = event.job;
  running_jobs_.insert(event.job);
  job.submitted = event.at;
  job.stage_ids = event.stage_ids;
  const eventlog::StageInfo* last = nullptr;
  for (const auto& info : event.stages) {
    job.num_tasks += info->num_tasks;
    if (last == nullptr || info->id > last->id) last = info.get();
    Stage& stage = stageOf(info);
    stage.jobs.insert(event.job);
    if (const std::string pool = property(event.properties, "spark.scheduler.pool"); !pool.empty()) stage.pool = pool;
  }
  job.name = last != nullptr ? last->name : property(event.properties, "callSite.short");
  job.description = find(event.properties, "spark.job.description");
  job.group = find(event.properties, "spark.jobGroup.id");
  job.tags = parseList(property(event.properties, "spark.job.tags"));
  job.pool = property(event.properties, "spark.scheduler.pool");
  sawTime(event.at);
  changed(Part::kJobs);
  changed(Part::kStages);
  makeRoom();
}

/// Stages that were planned and never ran were skipped.
void AppStore::endJobStages(Job& job) {
  for (int64_t id : job.stage_ids) {
    for (auto stage = app_.stages.lower_bound({id, 0}); stage != app_.stages.end() && stage->first.first == id;
         ++stage) {
      if (stage->second.status != StageStatus::kPending) continue;
      const auto& jobs = stage->second.jobs;
      const bool others_run = std::any_of(jobs.begin(), jobs.end(), [&](int64_t other) CERIUM_REQUIRES(mutex_) {
        const auto found = app_.jobs.find(other);
        return other != job.id && found != app_.jobs.end() && found->second.status == JobStatus::kRunning;
      });
      job.skipped_stages.insert(id);
      job.skipped_tasks += stage->second.info->num_tasks;
      if (!others_run) stage->second.status = StageStatus::kSkipped;
    }
  }
}

void AppStore::on(const eventlog::JobEnd& event) {
  const auto found = app_.jobs.find(event.job);
  if (found == app_.jobs.end()) return;
  Job& job = found->second;
  running_jobs_.erase(event.job);
  job.ended = event.at;
  job.status = event.succeeded ? JobStatus::kSucceeded : JobStatus::kFailed;
  job.failure = event.failure;
  job.cancelled = event.cancelled;
  endJobStages(job);
  sawTime(event.at);
  changed(Part::kJobs);
  changed(Part::kStages);
}

void AppStore::on(const eventlog::StageSubmitted& event) {
  Stage& stage = stageOf(event.stage);
  stage.status = StageStatus::kActive;
  stage.submitted = event.stage->submitted;
  stage.description = find(event.properties, "spark.job.description");
  if (const std::string pool = property(event.properties, "spark.scheduler.pool"); !pool.empty()) stage.pool = pool;
  for (int64_t id : running_jobs_) {
    Job& job = app_.jobs.at(id);
    if (std::find(job.stage_ids.begin(), job.stage_ids.end(), event.stage->id) == job.stage_ids.end()) continue;
    stage.jobs.insert(id);
    job.completed_stages.erase(event.stage->id);
    ++job.active_stages;
  }
  for (const auto& rdd : event.stage->rdds) {
    if (!rdd.level.isValid()) continue;
    Rdd& kept = app_.rdds[rdd.id];
    kept.id = rdd.id;
    kept.name = rdd.name;
    kept.call_site = rdd.call_site;
    kept.level = rdd.level;
    kept.num_partitions = rdd.num_partitions;
    changed(Part::kStorage);
  }
  sawTime(stage.submitted);
  changed(Part::kStages);
  changed(Part::kJobs);
}

void AppStore::on(const eventlog::StageCompleted& event) {
  Stage& stage = stageOf(event.stage);
  stage.submitted = event.stage->submitted;
  stage.ended = event.stage->completed;
  if (!event.stage->failure.empty()) {
    stage.status = StageStatus::kFailed;
  } else {
    stage.status = event.stage->submitted > 0 ? StageStatus::kComplete : StageStatus::kSkipped;
  }
  for (int64_t id : stage.jobs) {
    const auto job = app_.jobs.find(id);
    if (job == app_.jobs.end()) continue;
    if (stage.status == StageStatus::kComplete) {
      job->second.completed_stages.insert(stage.id());
    } else if (stage.status == StageStatus::kSkipped) {
      job->second.skipped_stages.insert(stage.id());
      job->second.skipped_tasks += stage.info->num_tasks;
    } else {
      ++job->second.failed_stages;
    }
    --job->second.active_stages;
  }
  sawTime(stage.ended);
  changed(Part::kStages);
  changed(Part::kJobs);
}

// ---- tasks

void AppStore::addTask(Stage& stage, const eventlog::TaskInfo& info) {
  Task& task = stage.tasks.emplace_back();
  stage.task_at[info.id] = stage.tasks.size() - 1;
  ++app_.tasks_kept;
  task.id = info.id;
  task.index = info.index;
  task.attempt = info.attempt;
  task.partition = info.partition;
  task.executor = app_.texts.add(info.executor);
  task.host = app_.texts.add(info.host);
  task.locality = app_.texts.add(info.locality);
  task.speculative = info.speculative;
  task.launched = info.launched;
}

Task* AppStore::findTask(Stage& stage, int64_t task) {
  const auto found = stage.task_at.find(task);
  return found == stage.task_at.end() ? nullptr : &stage.tasks[found->second];
}

void AppStore::on(const eventlog::TaskStart& event) {
  sawTime(event.task.launched);
  changed(Part::kTasks);
  ++executorOf(event.task.executor).active_tasks;
  ++executorOf(event.task.executor).total_tasks;
  Stage* stage = findStage(event.stage, event.stage_attempt);
  if (stage == nullptr) return;
  ++stage->active;
  if (stage->first_launch == 0 || event.task.launched < stage->first_launch) stage->first_launch = event.task.launched;
  for (int64_t id : stage->jobs) {
    if (const auto job = app_.jobs.find(id); job != app_.jobs.end()) ++job->second.active_tasks;
  }
  addTask(*stage, event.task);
  if (app_.tasks_kept > static_cast<int64_t>(options_.max_tasks)) makeRoom();
}

void AppStore::on(const eventlog::TaskGettingResult& event) {
  for (auto& [key, stage] : app_.stages) {
    if (stage.status != StageStatus::kActive) continue;
    if (Task* task = findTask(stage, event.task.id)) task->getting_result = event.task.getting_result;
  }
  changed(Part::kTasks);
}

void AppStore::on(const eventlog::TaskEnd& event) {
  const Counts counts = countsOf(event);
  sawTime(event.task.finished);
  changed(Part::kTasks);
  const int64_t duration = std::max<int64_t>(0, event.task.finished - event.task.launched);

  Executor& executor = executorOf(event.task.executor);
  executor.active_tasks = std::max(0, executor.active_tasks - 1);
  executor.completed_tasks += counts.completed;
  executor.failed_tasks += counts.failed;
  executor.duration += duration;
  if (event.figures && !(event.failure && event.failure->reason == "Resubmitted")) {
    executor.gc_time += event.figures->gc_time;
    executor.input_bytes += event.figures->input_bytes;
    executor.shuffle_read += event.figures->shuffleBytesRead();
    executor.shuffle_write += event.figures->shuffle_bytes_written;
  }

  static const eventlog::Peaks kNone{};
  const eventlog::Peaks& peaks = event.peaks ? *event.peaks : kNone;
  raise(executor.peaks, peaks);

  Stage* stage = findStage(event.stage, event.stage_attempt);
  if (stage == nullptr) return;
  raise(stage->peaks, peaks);
  Task* task = findTask(*stage, event.task.id);
  if (task != nullptr) {
    task->launched = event.task.launched;
    task->finished = event.task.finished;
    if (event.task.getting_result > 0) task->getting_result = event.task.getting_result;
    task->status = statusOf(counts);
    task->failure = event.failure;
    task->has_figures = event.figures.has_value();
    if (event.figures) task->figures = *event.figures;
    task->core = takeCore(executor, task->began(), task->finished);
  }
  stage->active = std::max(0, stage->active - 1);
  stage->completed += counts.completed;
  stage->failed += counts.failed;
  stage->killed += counts.killed;
  if (counts.completed > 0) stage->completed_indices.add(event.task.index);
  if (counts.killed > 0) ++stage->killed_summary[event.failure->message];
  if (event.figures) stage->figures += *event.figures;
  ExecutorStage& there = stage->executors[event.task.executor];
  there.task_time += duration;
  there.succeeded += counts.completed;
  there.failed += counts.failed;
  there.killed += counts.killed;
  if (event.figures) there.figures += *event.figures;
  raise(there.peaks, peaks);
  for (int64_t id : stage->jobs) {
    const auto found = app_.jobs.find(id);
    if (found == app_.jobs.end()) continue;
    Job& job = found->second;  // it may have ended: killed tasks report late
    job.active_tasks = std::max(0, job.active_tasks - 1);
    job.completed_tasks += counts.completed;
    job.failed_tasks += counts.failed;
    job.killed_tasks += counts.killed;
    if (counts.completed > 0) job.completed_indices[event.stage].add(event.task.index);
    if (counts.killed > 0) ++job.killed_summary[event.failure->message];
  }
}

// ---- executors and blocks

Executor& AppStore::executorOf(const std::string& id) {
  Executor& executor = app_.executors[id];
  if (executor.id.empty()) executor.id = id;
  return executor;
}

void AppStore::noteChange(ExecutorChange change) {
  sawTime(change.at);
  if (app_.changes.size() == kChangesKept) app_.changes.pop_front();
  app_.changes.push_back(std::move(change));
  changed(Part::kExecutors);
}

void AppStore::on(const eventlog::ExecutorAdded& event) {
  Executor& executor = executorOf(event.executor);
  executor.host = event.host;
  if (executor.host_port.empty()) executor.host_port = event.host;
  executor.cores = event.cores;
  executor.active = true;
  executor.added = event.at;
  executor.logs = event.log_urls;
  executor.attributes = event.attributes;
  executor.resource_profile = event.resource_profile;
  noteChange({event.at, "added", event.executor, event.host, {}});
}

void AppStore::on(const eventlog::ExecutorRemoved& event) {
  Executor& executor = executorOf(event.executor);
  executor.active = false;
  executor.removed = event.at;
  executor.removed_reason = event.reason;
  executor.active_tasks = 0;
  dropBlocks(event.executor);
  noteChange({event.at, "removed", event.executor, executor.host, event.reason});
}

void AppStore::on(const eventlog::ExecutorExcluded& event) {
  for (auto& [id, executor] : app_.executors) {
    if (event.executor.empty() ? executor.host == event.host : id == event.executor) executor.excluded = event.excluded;
  }
  noteChange({event.at, event.excluded ? "excluded" : "readmitted", event.executor, event.host, event.reason});
}

void AppStore::on(const eventlog::ExecutorLeaving& event) {
  Executor& executor = executorOf(event.executor);
  executor.leaving = true;
  noteChange({event.at, "leaving", event.executor, executor.host, event.reason});
}

void AppStore::on(const eventlog::BlockManagerAdded& event) {
  Executor& executor = executorOf(event.executor);
  if (executor.host.empty()) executor.host = event.host;
  executor.host_port = event.host + ":" + std::to_string(event.port);
  executor.max_memory = event.max_memory;
  executor.max_on_heap = event.max_on_heap;
  executor.max_off_heap = event.max_off_heap;
  executor.active = true;
  if (executor.added == 0) executor.added = event.at;
  changed(Part::kExecutors);
}

void AppStore::on(const eventlog::BlockManagerRemoved&) {}

void AppStore::dropBlocks(const std::string& executor) {
  for (auto& [id, rdd] : app_.rdds) {
    for (auto partition = rdd.blocks.begin(); partition != rdd.blocks.end();) {
      partition->second.erase(executor);
      if (partition->second.empty()) std::erase(rdd.order, partition->first);
      partition = partition->second.empty() ? rdd.blocks.erase(partition) : std::next(partition);
    }
  }
  changed(Part::kStorage);
}

void AppStore::on(const eventlog::BlockUpdated& event) {
  if (event.block.starts_with("broadcast_")) {  // told as what comes and what goes
    Executor& holder = executorOf(event.executor);
    holder.memory_used += event.level.memory ? event.memory : -event.memory;
    holder.disk_used += event.level.disk ? event.disk : -event.disk;
    return changed(Part::kExecutors);
  }
  const auto block = rddBlock(event.block);
  if (!block) return;
  const auto found = app_.rdds.find(block->first);
  if (found == app_.rdds.end()) return;
  auto& holders = found->second.blocks[block->second];
  Executor& executor = executorOf(event.executor);
  if (const auto old = holders.find(event.executor); old != holders.end()) {
    --executor.rdd_blocks;
    executor.memory_used -= old->second.memory;
    executor.disk_used -= old->second.disk;
    holders.erase(old);
  }
  if (event.level.isValid()) {
    auto& order = found->second.order;
    if (std::find(order.begin(), order.end(), block->second) == order.end()) order.push_back(block->second);
    holders[event.executor] = {event.level, event.memory, event.disk};
    ++executor.rdd_blocks;
    executor.memory_used += event.memory;
    executor.disk_used += event.disk;
  } else if (holders.empty()) {
    found->second.blocks.erase(block->second);
    std::erase(found->second.order, block->second);
  }
  found->second.remaining[event.executor] = executor.max_memory - executor.memory_used;
  changed(Part::kStorage);
  changed(Part::kExecutors);
}

void AppStore::on(const eventlog::UnpersistRdd& event) {
  const auto found = app_.rdds.find(event.rdd);
  if (found == app_.rdds.end()) return;
  for (const auto& [partition, holders] : found->second.blocks) {
    for (const auto& [id, block] : holders) {
      Executor& executor = executorOf(id);
      --executor.rdd_blocks;
      executor.memory_used -= block.memory;
      executor.disk_used -= block.disk;
    }
  }
  app_.rdds.erase(found);
  changed(Part::kStorage);
}

void AppStore::on(const eventlog::StageExecutorMetrics& event) {
  if (const auto executor = app_.executors.find(event.executor); executor != app_.executors.end())
    raise(executor->second.peaks, event.peaks);
  Stage* stage = findStage(event.stage, event.stage_attempt);
  if (stage == nullptr) return;
  raise(stage->peaks, event.peaks);
  if (const auto there = stage->executors.find(event.executor); there != stage->executors.end())
    raise(there->second.peaks, event.peaks);
}

void AppStore::on(const eventlog::ExecutorUse& event) {
  Executor& executor = executorOf(event.executor);
  if (executor.uses.size() == kUsesKept) executor.uses.pop_front();
  executor.uses.push_back({event.at, event.memory, event.disk, std::min(event.memory, executor.memory_used)});
  sawTime(event.at);
  changed(Part::kExecutors);
}

// ---- room for what is new

void AppStore::makeRoom() {
  for (auto& [key, stage] : app_.stages) {
    if (app_.tasks_kept <= static_cast<int64_t>(options_.max_tasks)) break;
    if (stage.isOver() && !stage.tasks.empty()) forgetTasks(stage);
  }
  for (auto& [key, stage] : app_.stages) {  // only a stage that runs is left: its older tasks go
    if (app_.tasks_kept <= static_cast<int64_t>(options_.max_tasks)) break;
    forgetTasks(stage);
  }
  if (app_.jobs.size() > options_.max_jobs) forgetJobs();
  if (app_.stages.size() > options_.max_stages) forgetStages();
}

/// Of a stage that runs, the older half of its tasks that ended; else all.
void AppStore::forgetTasks(Stage& stage) {
  const bool all = stage.isOver();
  const size_t before = stage.tasks.size();
  size_t budget = before / 2;
  std::erase_if(stage.tasks, [&](const Task& task) {
    if (all) return true;
    if (budget == 0 || task.status == TaskStatus::kRunning) return false;
    --budget;
    return true;
  });
  const auto gone = static_cast<int64_t>(before - stage.tasks.size());
  stage.tasks.shrink_to_fit();
  stage.forgotten += gone;
  app_.tasks_kept -= gone;
  stage.task_at.clear();
  for (size_t i = 0; i < stage.tasks.size(); ++i) stage.task_at[stage.tasks[i].id] = i;
}

void AppStore::forgetJobs() {
  for (auto job = app_.jobs.begin(); job != app_.jobs.end() && app_.jobs.size() > options_.max_jobs * 9 / 10;) {
    const bool over = job->second.status != JobStatus::kRunning;
    app_.jobs_forgotten += over ? 1 : 0;
    job = over ? app_.jobs.erase(job) : std::next(job);
  }
}

void AppStore::forgetStages() {
  for (auto at = app_.stages.begin(); at != app_.stages.end() && app_.stages.size() > options_.max_stages * 9 / 10;) {
    const bool over = at->second.isOver();
    if (over) app_.tasks_kept -= static_cast<int64_t>(at->second.tasks.size());
    app_.stages_forgotten += over ? 1 : 0;
    at = over ? app_.stages.erase(at) : std::next(at);
  }
}

}  // namespace cerium::store
