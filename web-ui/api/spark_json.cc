// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/spark_json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <numeric>

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using eventlog::kLogFigures;
using eventlog::LogFigure;
using eventlog::TaskFigures;

namespace {

object counts(const std::map<std::string, int>& all) {
  object json;
  for (const auto& [name, count] : all) json[name] = count;
  return json;
}
object peaksJson(const eventlog::Peaks& peaks) {
  object json;
  for (size_t i = 0; i < peaks.size(); ++i) json[eventlog::kPeaks[i]] = peaks[i];
  return json;
}
object strings(const eventlog::Pairs& all) {
  object json;
  for (const auto& [key, value] : all) json[key] = value;
  return json;
}
template <class Numbers>
array numbers(const Numbers& all) {
  return array(all.begin(), all.end());
}

/// The same metrics in a stage.
constexpr const char* kPushedOfStage[] = {
    "shuffleCorruptMergedBlockChunks", "shuffleMergedFetchFallbackCount",  "shuffleMergedRemoteBlocksFetched",
    "shuffleMergedLocalBlocksFetched", "shuffleMergedRemoteChunksFetched", "shuffleMergedLocalChunksFetched",
    "shuffleMergedRemoteBytesRead",    "shuffleMergedLocalBytesRead",      "shuffleMergedRemoteReqsDuration"};

object metricsJson(const TaskFigures& figures) {
  object json;
  for (const char* group : {"", "inputMetrics", "outputMetrics", "shuffleReadMetrics", "shuffleWriteMetrics"}) {
    object fields;
    object& into = *group == '\0' ? json : fields;
    for (const LogFigure& figure : kLogFigures) {
      if (std::string_view(figure.task_group) == group) into[figure.task_name] = figures.*figure.of;
    }
    if (std::string_view(group) == "shuffleReadMetrics") {
      object pushed;
      for (const char* name : kPushed) pushed[name] = 0;
      fields["shufflePushReadMetrics"] = std::move(pushed);
    }
    if (*group != '\0') json[group] = std::move(fields);
  }
  return json;
}

/// Spark's StorageLevel.description.
std::string describe(const eventlog::StorageLevel& level) {
  std::string text;
  if (level.disk) text += "Disk ";
  if (level.memory) text += level.off_heap ? "Memory (off heap) " : "Memory ";
  text += level.deserialized ? "Deserialized " : "Serialized ";
  return text + fmt::format("{}x Replicated", level.replication);
}

struct RddUse {
  int64_t memory = 0;
  int64_t disk = 0;
};

}  // namespace

std::string sparkTime(store::Instant at) {
  const auto seconds = static_cast<time_t>(at >= 0 ? at / 1000 : (at - 999) / 1000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}GMT", fmt::gmtime(seconds), at - int64_t{seconds} * 1000);
}

const char* nameOf(store::StageStatus status) {
  switch (status) {
    case store::StageStatus::kPending:
      return "PENDING";
    case store::StageStatus::kActive:
      return "ACTIVE";
    case store::StageStatus::kComplete:
      return "COMPLETE";
    case store::StageStatus::kFailed:
      return "FAILED";
    case store::StageStatus::kSkipped:
      return "SKIPPED";
  }
  return "PENDING";
}

const char* nameOf(store::JobStatus status) {
  switch (status) {
    case store::JobStatus::kRunning:
      return "RUNNING";
    case store::JobStatus::kSucceeded:
      return "SUCCEEDED";
    case store::JobStatus::kFailed:
      return "FAILED";
  }
  return "UNKNOWN";
}

const char* nameOf(store::TaskStatus status) {
  switch (status) {
    case store::TaskStatus::kRunning:
      return "RUNNING";
    case store::TaskStatus::kSuccess:
      return "SUCCESS";
    case store::TaskStatus::kFailed:
      return "FAILED";
    case store::TaskStatus::kKilled:
      return "KILLED";
  }
  return "UNKNOWN";
}

object applicationJson(const store::Application& app, const Source& source) {
  const store::Instant end = app.ended > 0 ? app.ended : -1;
  const store::Instant until = app.ended > 0 ? app.ended : source.last_updated;
  object attempt;
  if (!app.attempt.empty()) attempt["attemptId"] = app.attempt;
  attempt["startTime"] = sparkTime(app.started);
  attempt["endTime"] = sparkTime(end);
  attempt["lastUpdated"] = sparkTime(source.last_updated);
  attempt["duration"] = std::max<int64_t>(0, until - app.started);
  attempt["sparkUser"] = app.user;
  attempt["completed"] = source.completed;
  attempt["appSparkVersion"] = app.version;
  if (app.exit_code) attempt["exitCode"] = *app.exit_code;
  attempt["startTimeEpoch"] = app.started;
  attempt["lastUpdatedEpoch"] = source.last_updated;
  attempt["endTimeEpoch"] = end;
  return {{"id", app.id}, {"name", app.name}, {"attempts", array{std::move(attempt)}}};
}

object jobJson(const store::Job& job) {
  object json{{"jobId", job.id}, {"name", job.name}};
  if (job.description) json["description"] = *job.description;
  if (job.submitted > 0) json["submissionTime"] = sparkTime(job.submitted);
  if (job.ended > 0) json["completionTime"] = sparkTime(job.ended);
  json["stageIds"] = numbers(job.stage_ids);
  if (job.group) json["jobGroup"] = *job.group;
  json["jobTags"] = array(job.tags.begin(), job.tags.end());
  json["status"] = nameOf(job.status);
  json["numTasks"] = job.num_tasks;
  json["numActiveTasks"] = job.active_tasks;
  json["numCompletedTasks"] = job.completed_tasks;
  json["numSkippedTasks"] = job.skipped_tasks;
  json["numFailedTasks"] = job.failed_tasks;
  json["numKilledTasks"] = job.killed_tasks;
  json["numCompletedIndices"] = std::accumulate(job.completed_indices.begin(), job.completed_indices.end(), 0,
                                                [](int sum, const auto& stage) { return sum + stage.second.count(); });
  json["numActiveStages"] = job.active_stages;
  json["numCompletedStages"] = job.completed_stages.size();
  json["numSkippedStages"] = job.skipped_stages.size();
  json["numFailedStages"] = job.failed_stages;
  json["killedTasksSummary"] = counts(job.killed_summary);
  return json;
}

object stageJson(const store::Stage& stage) {
  const eventlog::StageInfo& info = *stage.info;
  object json{{"status", nameOf(stage.status)},
              {"stageId", info.id},
              {"attemptId", info.attempt},
              {"numTasks", info.num_tasks},
              {"numActiveTasks", stage.active},
              {"numCompleteTasks", stage.completed},
              {"numFailedTasks", stage.failed},
              {"numKilledTasks", stage.killed},
              {"numCompletedIndices", stage.completed_indices.count()}};
  if (stage.submitted > 0) json["submissionTime"] = sparkTime(stage.submitted);
  if (stage.first_launch > 0) json["firstTaskLaunchedTime"] = sparkTime(stage.first_launch);
  if (stage.ended > 0) json["completionTime"] = sparkTime(stage.ended);
  if (!info.failure.empty()) json["failureReason"] = info.failure;
  for (const LogFigure& figure : kLogFigures) json[figure.stage_name] = stage.figures.*figure.of;
  json["shuffleReadBytes"] = stage.figures.shuffleBytesRead();
  for (const char* name : kPushedOfStage) json[name] = 0;
  json["name"] = info.name;
  if (stage.description) json["description"] = *stage.description;
  json["details"] = info.details;
  json["schedulingPool"] = stage.pool;
  array rdds;
  for (const auto& rdd : info.rdds) rdds.push_back(rdd.id);
  json["rddIds"] = std::move(rdds);
  json["accumulatorUpdates"] = array();
  json["killedTasksSummary"] = counts(stage.killed_summary);
  json["resourceProfileId"] = info.resource_profile;
  if (stage.peaks) json["peakExecutorMetrics"] = peaksJson(*stage.peaks);
  json["isShufflePushEnabled"] = info.push_enabled;
  json["shuffleMergersCount"] = info.mergers;
  return json;
}

object taskJson(const store::Application& app, const store::Task& task, store::Instant now) {
  const std::string& executor = app.texts.at(task.executor);
  object json{{"taskId", task.id},
              {"index", task.index},
              {"attempt", task.attempt},
              {"partitionId", task.partition},
              {"launchTime", sparkTime(task.launched)}};
  if (task.getting_result > 0) json["resultFetchStart"] = sparkTime(task.getting_result);
  if (const int64_t duration = task.duration(now); duration > 0) json["duration"] = duration;
  json["executorId"] = executor;
  json["host"] = app.texts.at(task.host);
  json["status"] = nameOf(task.status);
  json["taskLocality"] = app.texts.at(task.locality);
  json["speculative"] = task.speculative;
  json["accumulatorUpdates"] = array();
  if (task.failure) json["errorMessage"] = task.failure->message;
  if (task.has_figures) json["taskMetrics"] = metricsJson(task.figures);
  const auto found = app.executors.find(executor);
  json["executorLogs"] = found == app.executors.end() ? object() : strings(found->second.logs);
  json["schedulerDelay"] = task.schedulerDelay();
  json["gettingResultTime"] = task.gettingResultTime(now);
  return json;
}

object executorStageJson(const store::ExecutorStage& there) {
  const TaskFigures& sum = there.figures;
  object json{{"taskTime", there.task_time},
              {"failedTasks", there.failed},
              {"succeededTasks", there.succeeded},
              {"killedTasks", there.killed},
              {"inputBytes", sum.input_bytes},
              {"inputRecords", sum.input_records},
              {"outputBytes", sum.output_bytes},
              {"outputRecords", sum.output_records},
              {"shuffleRead", sum.shuffleBytesRead()},
              {"shuffleReadRecords", sum.shuffle_records_read},
              {"shuffleWrite", sum.shuffle_bytes_written},
              {"shuffleWriteRecords", sum.shuffle_records_written},
              {"memoryBytesSpilled", sum.memory_spilled},
              {"diskBytesSpilled", sum.disk_spilled},
              {"isBlacklistedForStage", false}};
  if (there.peaks) json["peakMemoryMetrics"] = peaksJson(*there.peaks);
  json["isExcludedForStage"] = false;
  return json;
}

object executorSummaryJson(const store::Stage& stage) {
  object json;
  for (const auto& [id, there] : stage.executors) json[id] = executorStageJson(there);
  return json;
}

object executorJson(const store::Executor& executor) {
  object json{{"id", executor.id},
              {"hostPort", executor.host_port},
              {"isActive", executor.active},
              {"rddBlocks", executor.rdd_blocks},
              {"memoryUsed", executor.memory_used},
              {"diskUsed", executor.disk_used},
              {"totalCores", executor.cores},
              {"maxTasks", executor.cores},
              {"activeTasks", executor.active_tasks},
              {"failedTasks", executor.failed_tasks},
              {"completedTasks", executor.completed_tasks},
              {"totalTasks", executor.total_tasks},
              {"totalDuration", executor.duration},
              {"totalGCTime", executor.gc_time},
              {"totalInputBytes", executor.input_bytes},
              {"totalShuffleRead", executor.shuffle_read},
              {"totalShuffleWrite", executor.shuffle_write},
              {"isBlacklisted", executor.excluded},
              {"maxMemory", executor.max_memory},
              {"addTime", sparkTime(executor.added)}};
  if (executor.removed > 0) json["removeTime"] = sparkTime(executor.removed);
  if (!executor.removed_reason.empty()) json["removeReason"] = executor.removed_reason;
  json["executorLogs"] = strings(executor.logs);
  if (executor.max_on_heap) {
    json["memoryMetrics"] = object{{"usedOnHeapStorageMemory", executor.memory_used},
                                   {"usedOffHeapStorageMemory", 0},
                                   {"totalOnHeapStorageMemory", *executor.max_on_heap},
                                   {"totalOffHeapStorageMemory", executor.max_off_heap.value_or(0)}};
  }
  json["blacklistedInStages"] = array();
  if (executor.peaks) json["peakMemoryMetrics"] = peaksJson(*executor.peaks);
  json["attributes"] = strings(executor.attributes);
  json["resources"] = object();
  json["resourceProfileId"] = executor.resource_profile;
  json["isExcluded"] = executor.excluded;
  json["excludedInStages"] = array();
  return json;
}

object rddJson(const store::Application& app, const store::Rdd& rdd) {
  int64_t memory = 0;
  int64_t disk = 0;
  std::map<std::string, RddUse> by_executor;
  array partitions;
  for (int index : rdd.order) {
    const auto& holders = rdd.blocks.at(index);
    int64_t part_memory = 0;
    int64_t part_disk = 0;
    array executors;
    eventlog::StorageLevel level;
    for (const auto& [id, block] : holders) {
      part_memory += block.memory;
      part_disk += block.disk;
      level = block.level;
      level.replication = static_cast<int>(holders.size());
      by_executor[id].memory += block.memory;
      by_executor[id].disk += block.disk;
      executors.emplace_back(id);
    }
    memory += part_memory;
    disk += part_disk;
    partitions.push_back(object{{"blockName", fmt::format("rdd_{}_{}", rdd.id, index)},
                                {"storageLevel", describe(level)},
                                {"memoryUsed", part_memory},
                                {"diskUsed", part_disk},
                                {"executors", std::move(executors)}});
  }
  array distribution;
  for (const auto& [id, use] : by_executor) {
    const auto found = app.executors.find(id);
    if (found == app.executors.end()) continue;
    const store::Executor& executor = found->second;
    const auto told = rdd.remaining.find(id);
    const int64_t remaining = told == rdd.remaining.end() ? executor.max_memory : told->second;
    distribution.push_back(object{{"address", executor.host_port},
                                  {"memoryUsed", use.memory},
                                  {"memoryRemaining", remaining},
                                  {"diskUsed", use.disk},
                                  {"onHeapMemoryUsed", use.memory},
                                  {"offHeapMemoryUsed", 0},
                                  {"onHeapMemoryRemaining", remaining},
                                  {"offHeapMemoryRemaining", 0}});
  }
  return {{"id", rdd.id},
          {"name", rdd.name},
          {"numPartitions", rdd.num_partitions},
          {"numCachedPartitions", rdd.blocks.size()},
          {"storageLevel", describe(rdd.level)},
          {"memoryUsed", memory},
          {"diskUsed", disk},
          {"dataDistribution", std::move(distribution)},
          {"partitions", std::move(partitions)}};
}

}  // namespace cerium::api
