// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/history/log_parser.h"

#include <fmt/format.h>

#include <unordered_map>

#include "base/util/error.h"
#include "web-ui/history/json_fields.h"

namespace cerium::history {
using namespace eventlog;  // every function here makes one of its structs
namespace {

StorageLevel levelOf(const Object& json) {
  return {.disk = flag(json, "Use Disk"),
          .memory = flag(json, "Use Memory"),
          .off_heap = flag(json, "Use Off Heap"),
          .deserialized = flag(json, "Deserialized"),
          .replication = small(json, "Replication", 1)};
}

RddInfo rddOf(const Object& json) {
  RddInfo rdd;
  rdd.id = number(json, "RDD ID", -1);
  rdd.name = text(json, "Name");
  rdd.call_site = text(json, "Callsite");
  rdd.parents = ids(json, "Parent IDs");
  rdd.level = levelOf(child(json, "Storage Level"));
  rdd.barrier = flag(json, "Barrier");
  rdd.num_partitions = small(json, "Number of Partitions");
  return rdd;
}

StageInfoPtr stageOf(const Object& json) {
  StageInfo stage;
  stage.id = number(json, "Stage ID", -1);
  stage.attempt = small(json, "Stage Attempt ID");
  stage.name = text(json, "Stage Name");
  stage.details = text(json, "Details");
  stage.num_tasks = small(json, "Number of Tasks");
  eachOf(json, "RDD Info", [&](element each) { stage.rdds.push_back(rddOf(asObject(std::move(each)))); });
  stage.parents = ids(json, "Parent IDs");
  stage.submitted = number(json, "Submission Time");
  stage.completed = number(json, "Completion Time");
  stage.failure = text(json, "Failure Reason");
  stage.resource_profile = small(json, "Resource Profile Id");
  stage.push_enabled = flag(json, "Shuffle Push Enabled");
  stage.mergers = small(json, "Shuffle Push Mergers Count");
  if (has(json, "Cerium Shuffle ID")) stage.shuffle = number(json, "Cerium Shuffle ID");
  stage.outcome = text(json, "Cerium Outcome");
  return std::make_shared<const StageInfo>(std::move(stage));
}

TaskInfo taskOf(const Object& json) {
  TaskInfo task;
  task.id = number(json, "Task ID", -1);
  task.index = small(json, "Index", -1);
  task.attempt = small(json, "Attempt");
  task.partition = small(json, "Partition ID", -1);
  task.launched = number(json, "Launch Time");
  task.executor = text(json, "Executor ID");
  task.host = text(json, "Host");
  task.locality = text(json, "Locality");
  task.speculative = flag(json, "Speculative");
  task.getting_result = number(json, "Getting Result Time");
  task.finished = number(json, "Finish Time");
  task.failed = flag(json, "Failed");
  task.killed = flag(json, "Killed");
  return task;
}

TaskFigures figuresOf(const Object& json) {
  TaskFigures figures;
  std::string_view group;
  Object fields = json;
  for (const LogFigure& figure : kLogFigures) {
    if (group != figure.log_group) {
      group = figure.log_group;
      fields = group.empty() ? json : child(json, group);
    }
    figures.*figure.of = number(fields, figure.log_name);
  }
  return figures;
}

Peaks peaksOf(const Object& json) {
  Peaks peaks{};
  for (size_t i = 0; i < kPeaks.size(); ++i) peaks[i] = number(json, kPeaks[i]);
  return peaks;
}

/// Spark's texts for the ends of tasks (TaskEndReason.toErrorString).
std::string messageOf(const Object& json, const std::string& reason) {
  if (has(json, "Cerium Message")) return text(json, "Cerium Message");
  if (reason == "ExceptionFailure") {
    std::string full = text(json, "Full Stack Trace");
    return full.empty() ? fmt::format("{}: {}", text(json, "Class Name"), text(json, "Description")) : full;
  }
  if (reason == "TaskKilled") return text(json, "Kill Reason");
  if (reason == "FetchFailed") {
    const Object at = child(json, "Block Manager Address");
    const std::string address = has(json, "Block Manager Address")
                                    ? fmt::format("BlockManagerId({}, {}, {}, None)", text(at, "Executor ID"),
                                                  text(at, "Host"), number(at, "Port"))
                                    : "null";
    return fmt::format("FetchFailed({}, shuffleId={}, mapIndex={}, mapId={}, reduceId={}, message=\n{}\n)", address,
                       number(json, "Shuffle ID"), number(json, "Map Index"), number(json, "Map ID"),
                       number(json, "Reduce ID"), text(json, "Message"));
  }
  if (reason == "ExecutorLostFailure") {
    const std::string why = text(json, "Loss Reason");
    return fmt::format(
        "ExecutorLostFailure (executor {} exited {}){}{}", text(json, "Executor ID"),
        flag(json, "Exit Caused By App") ? "caused by one of the running tasks" : "unrelated to the running tasks",
        why.empty() ? "" : " Reason: ", why);
  }
  if (reason == "TaskResultLost") return "TaskResultLost (result lost from block manager)";
  if (reason == "Resubmitted") return "Resubmitted (resubmitted due to lost executor)";
  if (reason == "TaskCommitDenied") {
    return fmt::format("TaskCommitDenied (Driver denied task commit) for job: {}, partition: {}, attemptNumber: {}",
                       number(json, "Job ID"), number(json, "Partition ID"), number(json, "Attempt Number"));
  }
  return reason;
}

std::shared_ptr<const TaskFailure> failureOf(const Object& json) {
  TaskFailure failure;
  failure.reason = text(json, "Reason");
  if (failure.reason.empty() || failure.reason == "Success") return nullptr;
  failure.class_name = text(json, "Class Name");
  failure.message = messageOf(json, failure.reason);
  failure.call_site = text(json, "Cerium Call Site");
  return std::make_shared<const TaskFailure>(std::move(failure));
}

// ---- one function for each kind of event

LogEvent logStart(const Object& json) { return LogStart{text(json, "Spark Version"), text(json, "Cerium Version")}; }
LogEvent applicationStart(const Object& json) {
  return ApplicationStart{.name = text(json, "App Name"),
                          .id = text(json, "App ID"),
                          .attempt = text(json, "App Attempt ID"),
                          .user = text(json, "User"),
                          .at = number(json, "Timestamp"),
                          .master = text(json, "Cerium Master")};
}
LogEvent applicationEnd(const Object& json) {
  ApplicationEnd end{number(json, "Timestamp"), {}};
  if (has(json, "ExitCode")) end.exit_code = small(json, "ExitCode");
  return end;
}
LogEvent environmentUpdate(const Object& json) {
  EnvironmentUpdate environment;
  environment.runtime = pairs(json, "JVM Information");
  environment.settings = pairs(json, "Spark Properties");
  environment.hadoop = pairs(json, "Hadoop Properties");
  environment.system = pairs(json, "System Properties");
  environment.metrics = pairs(json, "Metrics Properties");
  environment.classpath = pairs(json, "Classpath Entries");
  for (auto& [key, origin] : pairs(json, "Cerium Origins")) environment.origins.emplace(key, origin);
  return environment;
}
LogEvent resourceProfileAdded(const Object& json) {
  return ResourceProfileAdded{small(json, "Resource Profile Id"), json.text()};
}
LogEvent jobStart(const Object& json) {
  JobStart start;
  start.job = number(json, "Job ID", -1);
  start.at = number(json, "Submission Time");
  start.stage_ids = ids(json, "Stage IDs");
  eachOf(json, "Stage Infos", [&](element each) { start.stages.push_back(stageOf(asObject(std::move(each)))); });
  start.properties = std::make_shared<const Pairs>(pairs(json, "Properties"));
  return start;
}
LogEvent jobEnd(const Object& json) {
  JobEnd end;
  end.job = number(json, "Job ID", -1);
  end.at = number(json, "Completion Time");
  const Object result = child(json, "Job Result");
  end.succeeded = text(result, "Result") == "JobSucceeded";
  end.failure = text(child(result, "Exception"), "Message");
  end.cancelled = flag(json, "Cerium Cancelled");
  return end;
}
LogEvent stageSubmitted(const Object& json) {
  return StageSubmitted{stageOf(child(json, "Stage Info")), std::make_shared<const Pairs>(pairs(json, "Properties"))};
}
LogEvent stageCompleted(const Object& json) { return StageCompleted{stageOf(child(json, "Stage Info"))}; }
LogEvent taskStart(const Object& json) {
  return TaskStart{number(json, "Stage ID", -1), small(json, "Stage Attempt ID"), taskOf(child(json, "Task Info"))};
}
LogEvent taskGettingResult(const Object& json) { return TaskGettingResult{taskOf(child(json, "Task Info"))}; }
LogEvent taskEnd(const Object& json) {
  TaskEnd end;
  end.stage = number(json, "Stage ID", -1);
  end.stage_attempt = small(json, "Stage Attempt ID");
  end.is_result = text(json, "Task Type") == "ResultTask";
  end.task = taskOf(child(json, "Task Info"));
  end.failure = failureOf(child(json, "Task End Reason"));
  if (has(json, "Task Metrics")) end.figures = figuresOf(child(json, "Task Metrics"));
  const Peaks peaks = peaksOf(child(json, "Task Executor Metrics"));
  if (peaks != Peaks{}) end.peaks = std::make_shared<const Peaks>(peaks);
  return end;
}
LogEvent executorAdded(const Object& json) {
  const Object info = child(json, "Executor Info");
  return ExecutorAdded{.at = number(json, "Timestamp"),
                       .executor = text(json, "Executor ID"),
                       .host = text(info, "Host"),
                       .cores = small(info, "Total Cores"),
                       .log_urls = pairs(info, "Log Urls"),
                       .attributes = pairs(info, "Attributes"),
                       .resource_profile = small(info, "Resource Profile Id")};
}
LogEvent executorRemoved(const Object& json) {
  return ExecutorRemoved{number(json, "Timestamp"), text(json, "Executor ID"), text(json, "Removed Reason")};
}
LogEvent exclusion(const Object& json) {
  ExecutorExcluded event;
  event.at = number(json, "time");
  event.executor = text(json, "executorId");
  event.host = text(json, "hostId");
  event.excluded = has(json, "taskFailures") || has(json, "executorFailures");
  event.failures = small(json, event.executor.empty() ? "executorFailures" : "taskFailures");
  event.reason = text(json, "ceriumReason");
  return event;
}
LogEvent executorLeaving(const Object& json) {
  return ExecutorLeaving{number(json, "Timestamp"), text(json, "Executor ID"), text(json, "Reason")};
}
LogEvent blockManagerAdded(const Object& json) {
  const Object id = child(json, "Block Manager ID");
  BlockManagerAdded event;
  event.at = number(json, "Timestamp");
  event.executor = text(id, "Executor ID");
  event.host = text(id, "Host");
  event.port = small(id, "Port");
  event.max_memory = number(json, "Maximum Memory");
  if (has(json, "Maximum Onheap Memory")) event.max_on_heap = number(json, "Maximum Onheap Memory");
  if (has(json, "Maximum Offheap Memory")) event.max_off_heap = number(json, "Maximum Offheap Memory");
  return event;
}
LogEvent blockManagerRemoved(const Object& json) {
  return BlockManagerRemoved{number(json, "Timestamp"), text(child(json, "Block Manager ID"), "Executor ID")};
}
LogEvent blockUpdated(const Object& json) {
  const Object info = child(json, "Block Updated Info");
  const Object id = child(info, "Block Manager ID");
  return BlockUpdated{.executor = text(id, "Executor ID"),
                      .host = text(id, "Host"),
                      .port = small(id, "Port"),
                      .block = text(info, "Block ID"),
                      .level = levelOf(child(info, "Storage Level")),
                      .memory = number(info, "Memory Size"),
                      .disk = number(info, "Disk Size")};
}
LogEvent unpersistRdd(const Object& json) { return UnpersistRdd{number(json, "RDD ID", -1)}; }
LogEvent stageExecutorMetrics(const Object& json) {
  StageExecutorMetrics event;
  event.executor = text(json, "Executor ID");
  event.stage = number(json, "Stage ID", -1);
  event.stage_attempt = small(json, "Stage Attempt ID");
  event.peaks = peaksOf(child(json, "Executor Metrics"));
  return event;
}
LogEvent executorUse(const Object& json) {
  return ExecutorUse{number(json, "Timestamp"), text(json, "Executor ID"), number(json, "Memory"),
                     number(json, "Disk")};
}
LogEvent eventsDropped(const Object& json) {
  return EventsDropped{number(json, "Timestamp"), static_cast<uint64_t>(number(json, "Total"))};
}

using Reader = LogEvent (*)(const Object&);
const std::unordered_map<std::string_view, Reader>& readers() {
  static const std::unordered_map<std::string_view, Reader> kAll{
      {"SparkListenerLogStart", logStart},
      {"SparkListenerApplicationStart", applicationStart},
      {"SparkListenerApplicationEnd", applicationEnd},
      {"SparkListenerEnvironmentUpdate", environmentUpdate},
      {"SparkListenerResourceProfileAdded", resourceProfileAdded},
      {"SparkListenerJobStart", jobStart},
      {"SparkListenerJobEnd", jobEnd},
      {"SparkListenerStageSubmitted", stageSubmitted},
      {"SparkListenerStageCompleted", stageCompleted},
      {"SparkListenerTaskStart", taskStart},
      {"SparkListenerTaskGettingResult", taskGettingResult},
      {"SparkListenerTaskEnd", taskEnd},
      {"SparkListenerExecutorAdded", executorAdded},
      {"SparkListenerExecutorRemoved", executorRemoved},
      {"org.apache.spark.scheduler.SparkListenerExecutorExcluded", exclusion},
      {"org.apache.spark.scheduler.SparkListenerExecutorUnexcluded", exclusion},
      {"org.apache.spark.scheduler.SparkListenerNodeExcluded", exclusion},
      {"org.apache.spark.scheduler.SparkListenerNodeUnexcluded", exclusion},
      {"cerium.ExecutorLeaving", executorLeaving},
      {"SparkListenerBlockManagerAdded", blockManagerAdded},
      {"SparkListenerBlockManagerRemoved", blockManagerRemoved},
      {"SparkListenerBlockUpdated", blockUpdated},
      {"SparkListenerUnpersistRDD", unpersistRdd},
      {"SparkListenerStageExecutorMetrics", stageExecutorMetrics},
      {"cerium.ExecutorUse", executorUse},
      {"cerium.EventsDropped", eventsDropped},
  };
  return kAll;
}

}  // namespace

struct LogParser::Impl {
  simdjson::dom::parser parser;
  std::string padded;  ///< simdjson reads a little beyond the end of what it parses.
};

LogParser::LogParser() : impl_(std::make_unique<Impl>()) {}
LogParser::~LogParser() = default;

std::optional<LogEvent> LogParser::parse(std::string_view line) {
  impl_->padded.reserve(line.size() + simdjson::SIMDJSON_PADDING);
  impl_->padded.assign(line);
  simdjson::dom::object parsed;
  const auto error = impl_->parser.parse(impl_->padded).get_object().get(parsed);
  if (error != simdjson::SUCCESS) {
    throw CorruptData(fmt::format("a line of an event log is no JSON object: {}", simdjson::error_message(error)));
  }
  const Object json(parsed);
  std::string_view name;
  if (json["Event"].get_string().get(name) != simdjson::SUCCESS) {
    throw CorruptData("a line of an event log has no field \"Event\"");
  }
  const auto reader = readers().find(name);
  if (reader == readers().end()) return std::nullopt;
  return reader->second(json);
}

}  // namespace cerium::history
