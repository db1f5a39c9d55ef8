// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/eventlog/translator.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

namespace cerium::eventlog {
namespace {

/// The version of Spark whose log format this is.
constexpr const char* kFormat = "4.0.0";

Instant instant(events::WallTime at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

std::string userName() {
  std::string buffer(4096, '\0');
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return std::to_string(geteuid());
}

StorageLevel levelOf(const events::StorageUse& use) {
  return {.disk = use.disk,
          .memory = use.memory,
          .off_heap = false,
          .deserialized = use.memory && !use.encoded,
          .replication = use.replicas};
}

/// "map at wordcount.cc:12" -> "map".
std::string operationOf(const std::string& call_site) { return call_site.substr(0, call_site.find(" at ")); }

RddInfo rddOf(const events::RddDescription& rdd) {
  RddInfo info;
  info.id = rdd.rdd.value;
  info.name = rdd.name.empty() ? operationOf(rdd.call_site) : rdd.name;
  info.call_site = rdd.call_site;
  for (RddId parent : rdd.parents) info.parents.push_back(parent.value);
  info.level = levelOf(rdd.storage);
  info.num_partitions = rdd.num_partitions;
  return info;
}

StageInfo stageOf(const events::StageDescription& stage, int num_tasks) {
  StageInfo info;
  info.id = stage.stage.value;
  info.attempt = stage.attempt;
  info.name = stage.name;
  info.details = stage.call_site;
  info.num_tasks = num_tasks;
  for (const auto& rdd : stage.rdds) info.rdds.push_back(rddOf(rdd));
  std::reverse(info.rdds.begin(), info.rdds.end());  // Spark names the last RDD first
  for (StageId parent : stage.parents) info.parents.push_back(parent.value);
  if (stage.shuffle) info.shuffle = stage.shuffle->value;
  return info;
}

TaskInfo taskOf(const events::TaskAttempt& task) {
  TaskInfo info;
  info.id = task.task.value;
  info.index = info.partition = task.partition;
  info.attempt = task.attempt;
  info.executor = task.executor.str();
  info.host = task.host;
  info.locality = "ANY";
  info.speculative = task.speculative;
  return info;
}

const char* reasonOf(events::TaskOutcome outcome) {
  switch (outcome) {
    case events::TaskOutcome::kFetchFailed:
      return "FetchFailed";
    case events::TaskOutcome::kKilled:
      return "TaskKilled";
    case events::TaskOutcome::kExecutorLost:
      return "ExecutorLostFailure";
    case events::TaskOutcome::kUserException:
    case events::TaskOutcome::kEngineFailure:
    case events::TaskOutcome::kNotSent:
    case events::TaskOutcome::kSucceeded:
      break;
  }
  return "ExceptionFailure";
}

std::shared_ptr<const TaskFailure> failureOf(events::TaskOutcome outcome, const events::TaskFailure* failure) {
  if (outcome == events::TaskOutcome::kSucceeded) return nullptr;
  TaskFailure told;
  told.reason = reasonOf(outcome);
  if (failure != nullptr) {
    told.class_name = failure->exception_type;
    told.message = failure->exception_type.empty() ? failure->message
                                                   : fmt::format("{}: {}", failure->exception_type, failure->message);
    told.call_site = failure->call_site;
  }
  if (told.class_name.empty() && outcome == events::TaskOutcome::kEngineFailure)
    told.class_name = "cerium::EngineError";
  if (told.class_name.empty() && outcome == events::TaskOutcome::kNotSent) told.class_name = "cerium::ResultRefused";
  return std::make_shared<const TaskFailure>(std::move(told));
}

/// The events that become exactly one log event.
struct One {
  LogEvent operator()(const events::ApplicationEnded& event) const { return ApplicationEnd{instant(event.at), {}}; }
  LogEvent operator()(const events::ExecutorLeaving& event) const {
    return ExecutorLeaving{instant(event.at), event.executor.str(), event.reason};
  }
  LogEvent operator()(const events::ExecutorExcluded& event) const {
    return ExecutorExcluded{.at = instant(event.at),
                            .executor = event.executor.valid() ? event.executor.str() : "",
                            .host = event.host,
                            .excluded = true,
                            .failures = 0,
                            .reason = event.reason};
  }
  LogEvent operator()(const events::ExecutorReadmitted& event) const {
    return ExecutorExcluded{.at = instant(event.at),
                            .executor = event.executor.str(),
                            .host = event.host,
                            .excluded = false,
                            .failures = 0,
                            .reason = {}};
  }
  LogEvent operator()(const events::ExecutorMetrics& event) const {
    return ExecutorUse{instant(event.at), event.executor.str(), static_cast<int64_t>(event.memory_used),
                       static_cast<int64_t>(event.disk_used)};
  }
  LogEvent operator()(const events::BlockUpdated& event) const {
    BlockUpdated block;
    block.executor = event.executor.str();
    block.host = event.host;
    block.block = fmt::format("rdd_{}_{}", event.rdd.value, event.partition);
    block.level.memory = event.present && event.memory_bytes > 0;
    block.level.disk = event.present && event.disk_bytes > 0;
    block.level.deserialized = block.level.memory;
    block.memory = event.present ? static_cast<int64_t>(event.memory_bytes) : 0;
    block.disk = event.present ? static_cast<int64_t>(event.disk_bytes) : 0;
    return block;
  }
  LogEvent operator()(const events::RddUnpersisted& event) const { return UnpersistRdd{event.rdd.value}; }
  LogEvent operator()(const events::JobEnded& event) const {
    return JobEnd{.job = event.job->job.value,
                  .at = instant(event.at),
                  .succeeded = event.outcome == events::JobOutcome::kSucceeded,
                  .failure = event.failure,
                  .cancelled = event.outcome == events::JobOutcome::kCancelled};
  }
  LogEvent operator()(const events::TaskStarted& event) const {
    TaskInfo task = taskOf(event.task);
    task.launched = instant(event.at);
    return TaskStart{event.task.stage.value, event.task.stage_attempt, std::move(task)};
  }
  LogEvent operator()(const events::TaskGettingResult& event) const {
    TaskInfo task = taskOf(event.task);
    task.getting_result = instant(event.at);
    return TaskGettingResult{std::move(task)};
  }
  LogEvent operator()(const events::EventsDropped& event) const {
    return EventsDropped{instant(event.at), event.total};
  }
};

JobStart started(const events::JobStarted& event) {
  JobStart start;
  start.job = event.job->job.value;
  start.at = instant(event.at);
  for (const auto& planned : event.stages) {
    start.stage_ids.push_back(planned.stage->stage.value);
    start.stages.push_back(std::make_shared<const StageInfo>(stageOf(*planned.stage, planned.num_tasks)));
  }
  Pairs properties = event.job->properties;
  properties.emplace_back("callSite.short", event.job->call_site);
  if (!event.job->group.empty()) properties.emplace_back("spark.jobGroup.id", event.job->group);
  if (!event.job->description.empty()) properties.emplace_back("spark.job.description", event.job->description);
  if (!event.job->pool.empty()) properties.emplace_back("spark.scheduler.pool", event.job->pool);
  start.properties = std::make_shared<const Pairs>(std::move(properties));
  return start;
}

StageInfo completed(const events::StageCompleted& event, int num_tasks) {
  StageInfo stage = stageOf(*event.stage, num_tasks);
  stage.completed = instant(event.at);
  stage.submitted = stage.completed - event.took.count();
  if (event.outcome == events::StageOutcome::kSucceeded) return stage;
  stage.failure = event.failure.empty() ? "the stage was cancelled" : event.failure;
  if (event.outcome == events::StageOutcome::kCancelled) stage.outcome = "CANCELLED";
  if (event.outcome == events::StageOutcome::kResubmitted) stage.outcome = "RESUBMITTED";
  return stage;
}

}  // namespace

TaskFigures figuresOf(const TaskMetrics& metrics) {
  TaskFigures figures;
  figures.deserialize_time = metrics.decode_micros / 1000;
  figures.deserialize_cpu_time = metrics.decode_micros * 1000;
  figures.run_time = metrics.run_micros / 1000;
  figures.cpu_time = metrics.cpu_micros * 1000;
  figures.result_size = metrics.result_bytes;
  figures.disk_spilled = figures.memory_spilled = metrics.spilled_bytes;
  figures.peak_memory = metrics.peak_memory_bytes;
  figures.input_bytes = metrics.bytes_read;
  figures.input_records = metrics.records_read;
  figures.output_bytes = metrics.bytes_written;
  figures.output_records = metrics.records_written;
  figures.remote_blocks_read = metrics.remote_blocks_read;
  figures.local_blocks_read = metrics.local_blocks_read;
  figures.fetch_wait_time = metrics.fetch_wait_micros / 1000;
  figures.remote_bytes_read = metrics.remote_bytes_read;
  figures.local_bytes_read = metrics.shuffle_bytes_read - metrics.remote_bytes_read;
  figures.shuffle_records_read = metrics.shuffle_records_read;
  figures.shuffle_bytes_written = metrics.shuffle_bytes_written;
  figures.shuffle_write_time = metrics.shuffle_write_micros * 1000;
  figures.shuffle_records_written = metrics.shuffle_records_written;
  return figures;
}

void Translator::translate(const events::Event& event, const Sink& sink) {
  std::visit(
      [&]<class Kind>(const Kind& one) {
        if constexpr (std::is_same_v<Kind, events::ApplicationStarted>) {
          sink(LogStart{.version = kFormat, .cerium = one.version});
          sink(ApplicationStart{.name = one.name,
                                .id = one.id,
                                .attempt = {},
                                .user = userName(),
                                .at = instant(one.at),
                                .master = one.master});
        } else if constexpr (std::is_same_v<Kind, events::SettingsKnown>) {
          EnvironmentUpdate environment;
          environment.runtime = {{"Java Version", ""}, {"Java Home", ""}, {"Scala Version", ""}};
          environment.system = {{"compiler", __VERSION__}};
          environment.settings = one.settings;
          environment.origins = origins_;
          sink(std::move(environment));
        } else if constexpr (std::is_same_v<Kind, events::ExecutorAdded>) {
          const std::string id = one.executor.str();
          ExecutorAdded added;
          added.at = instant(one.at);
          added.executor = id;
          added.host = one.host;
          added.cores = one.cores;
          sink(std::move(added));
          const auto memory = static_cast<int64_t>(one.memory_bytes);
          sink(BlockManagerAdded{.at = instant(one.at),
                                 .executor = id,
                                 .host = one.host,
                                 .port = 0,
                                 .max_memory = memory,
                                 .max_on_heap = memory,
                                 .max_off_heap = 0});
        } else if constexpr (std::is_same_v<Kind, events::ExecutorRemoved>) {
          sink(BlockManagerRemoved{instant(one.at), one.executor.str()});
          sink(ExecutorRemoved{instant(one.at), one.executor.str(), one.reason});
        } else if constexpr (std::is_same_v<Kind, events::JobStarted>) {
          JobStart start = started(one);
          jobs_[one.job->job] = start.properties;
          sink(std::move(start));
        } else if constexpr (std::is_same_v<Kind, events::StageSubmitted>) {
          // Spark counts the tasks of one attempt.
          const int num_tasks = one.figures.num_tasks - one.figures.completed_tasks;
          running_[one.stage->stage] = {.writes_shuffle = one.stage->shuffle.has_value(), .num_tasks = num_tasks};
          StageInfo stage = stageOf(*one.stage, num_tasks);
          stage.submitted = instant(one.at);
          const auto job = jobs_.find(one.stage->job);
          sink(StageSubmitted{std::make_shared<const StageInfo>(std::move(stage)),
                              job == jobs_.end() ? nullptr : job->second});
        } else if constexpr (std::is_same_v<Kind, events::StageCompleted>) {
          const auto running = running_.extract(one.stage->stage);
          const int num_tasks = running ? running.mapped().num_tasks : one.figures.num_tasks;
          sink(StageCompleted{std::make_shared<const StageInfo>(completed(one, num_tasks))});
        } else if constexpr (std::is_same_v<Kind, events::TaskEnded>) {
          TaskInfo task = taskOf(one.task);
          task.finished = instant(one.at);
          task.launched = task.finished - one.took.count();
          task.killed = one.outcome == events::TaskOutcome::kKilled;
          task.failed = !task.killed && one.outcome != events::TaskOutcome::kSucceeded;
          const auto running = running_.find(one.task.stage);
          sink(TaskEnd{.stage = one.task.stage.value,
                       .stage_attempt = one.task.stage_attempt,
                       .is_result = running != running_.end() && !running->second.writes_shuffle,
                       .task = std::move(task),
                       .failure = failureOf(one.outcome, one.failure.get()),
                       .figures = figuresOf(one.metrics),
                       .peaks = nullptr});
        } else if constexpr (std::is_invocable_v<One, const Kind&>) {
          if constexpr (std::is_same_v<Kind, events::JobEnded>) jobs_.erase(one.job->job);
          sink(One()(one));
        }
      },
      event);
}

}  // namespace cerium::eventlog
