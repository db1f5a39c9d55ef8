// Cerium. Licensed under the Apache License 2.0.
// The rules for what counts where are those of Spark's AppStatusListener, so that the answers agree with Spark's.
#include "web-ui/store/app_store.h"

#include <algorithm>
#include <charconv>

#include "base/config/config_values.h"

namespace cerium::store {
namespace {

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

}  // namespace cerium::store
