// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/eventlog/log_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace cerium::eventlog {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

constexpr const char* kSpark = "SparkListener";

object event(const char* name) { return {{"Event", fmt::format("{}{}", kSpark, name)}}; }
/// Spark skips classes that it does not know.
object ceriumEvent(const char* name) { return {{"Event", fmt::format("cerium.{}", name)}}; }

object pairs(const Pairs& all) {
  object json;
  for (const auto& [key, text] : all) json[key] = text;
  return json;
}

object levelOf(const StorageLevel& level) {
  return {{"Use Disk", level.disk},
          {"Use Memory", level.memory},
          {"Use Off Heap", level.off_heap},
          {"Deserialized", level.deserialized},
          {"Replication", level.replication}};
}

array ids(const std::vector<int64_t>& all) { return array(all.begin(), all.end()); }

/// Spark refuses port 0, which stands for a port that is not known.
object blockManager(const std::string& executor, const std::string& host, int port) {
  return {{"Executor ID", executor}, {"Host", host}, {"Port", std::max(1, port)}};
}

object rddOf(const RddInfo& rdd) {
  return {{"RDD ID", rdd.id},
          {"Name", rdd.name},
          {"Scope", boost::json::serialize(object{{"id", std::to_string(rdd.id)}, {"name", rdd.name}})},
          {"Callsite", rdd.call_site},
          {"Parent IDs", ids(rdd.parents)},
          {"Storage Level", levelOf(rdd.level)},
          {"Barrier", rdd.barrier},
          {"DeterministicLevel", "DETERMINATE"},
          {"Number of Partitions", rdd.num_partitions},
          {"Number of Cached Partitions", 0},
          {"Memory Size", 0},
          {"Disk Size", 0}};
}

object stageOf(const StageInfo& stage) {
  array rdds;
  for (const RddInfo& rdd : stage.rdds) rdds.push_back(rddOf(rdd));
  object json{{"Stage ID", stage.id},        {"Stage Attempt ID", stage.attempt},
              {"Stage Name", stage.name},    {"Number of Tasks", stage.num_tasks},
              {"RDD Info", std::move(rdds)}, {"Parent IDs", ids(stage.parents)},
              {"Details", stage.details}};
  if (stage.submitted > 0) json["Submission Time"] = stage.submitted;
  if (stage.completed > 0) json["Completion Time"] = stage.completed;
  if (!stage.failure.empty()) json["Failure Reason"] = stage.failure;
  json["Accumulables"] = array();
  json["Resource Profile Id"] = stage.resource_profile;
  json["Shuffle Push Enabled"] = stage.push_enabled;
  json["Shuffle Push Mergers Count"] = stage.mergers;
  if (stage.shuffle) json["Cerium Shuffle ID"] = *stage.shuffle;
  if (!stage.outcome.empty()) json["Cerium Outcome"] = stage.outcome;
  return json;
}

// ---- tasks: millions of them, so their text is put together without a tree of values

using Text = fmt::memory_buffer;

template <class... Args>
void put(Text& text, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
}
std::string quoted(const std::string& text) { return boost::json::serialize(boost::json::string(text)); }

void putTask(Text& text, const TaskInfo& task) {
  put(text,
      R"({{"Task ID":{},"Index":{},"Attempt":{},"Partition ID":{},"Launch Time":{},"Executor ID":{},"Host":{},)"
      R"("Locality":{},"Speculative":{},"Getting Result Time":{},"Finish Time":{},"Failed":{},"Killed":{},)"
      R"("Accumulables":[]}})",
      task.id, task.index, task.attempt, task.partition, task.launched, quoted(task.executor), quoted(task.host),
      quoted(task.locality), task.speculative, task.getting_result, task.finished, task.failed, task.killed);
}

/// Groups that are wholly 0 are left out; Spark and Cerium read them as 0.
void putMetrics(Text& text, const TaskFigures& figures) {
  put(text, "{{");
  for (size_t i = 0; i < kLogFigures.size();) {
    const std::string_view group = kLogFigures[i].log_group;
    size_t end = i;
    bool has_value = group.empty();
    for (; end < kLogFigures.size() && group == kLogFigures[end].log_group; ++end)
      has_value = has_value || figures.*kLogFigures[end].of != 0;
    if (has_value && !group.empty()) put(text, "\"{}\":{{", group);
    for (size_t at = i; has_value && at < end; ++at) {
      const bool is_last = !group.empty() && at + 1 == end;
      put(text, "\"{}\":{}{}", kLogFigures[at].log_name, figures.*kLogFigures[at].of, is_last ? "}," : ",");
    }
    i = end;
  }
  put(text, "\"Updated Blocks\":[]}}");
}

/// Why a task ended that did not succeed.
object reasonOf(const TaskEnd& end) {
  const TaskFailure& failure = *end.failure;
  object json{{"Reason", failure.reason}};
  if (failure.reason == "FetchFailed") {
    json["Block Manager Address"] = blockManager(end.task.executor, end.task.host, 0);
    json["Shuffle ID"] = 0;
    json["Map ID"] = 0;
    json["Map Index"] = 0;
    json["Reduce ID"] = end.task.partition;
    json["Message"] = failure.message;
  } else if (failure.reason == "TaskKilled") {
    json["Kill Reason"] = failure.message;
    json["Accumulator Updates"] = array();
  } else if (failure.reason == "ExecutorLostFailure") {
    json["Executor ID"] = end.task.executor;
    json["Exit Caused By App"] = false;
    json["Loss Reason"] = failure.message;
  } else {
    json["Class Name"] = failure.class_name;
    json["Description"] = failure.message;
    json["Stack Trace"] = array();
    json["Full Stack Trace"] = failure.message;
    json["Accumulator Updates"] = array();
  }
  json["Cerium Message"] = failure.message;
  if (!failure.call_site.empty()) json["Cerium Call Site"] = failure.call_site;
  return json;
}

struct Writer {
  object operator()(const LogStart& each) const {
    object json = event("LogStart");
    json["Spark Version"] = each.version;
    json["Cerium Version"] = each.cerium;
    return json;
  }
  object operator()(const ApplicationStart& each) const {
    object json = event("ApplicationStart");
    json["App Name"] = each.name;
    json["App ID"] = each.id;
    json["Timestamp"] = each.at;
    json["User"] = each.user;
    if (!each.attempt.empty()) json["App Attempt ID"] = each.attempt;
    json["Cerium Master"] = each.master;
    return json;
  }
  object operator()(const ApplicationEnd& each) const {
    object json = event("ApplicationEnd");
    json["Timestamp"] = each.at;
    if (each.exit_code) json["ExitCode"] = *each.exit_code;
    return json;
  }
  object operator()(const EnvironmentUpdate& each) const {
    object json = event("EnvironmentUpdate");
    json["JVM Information"] = pairs(each.runtime);
    json["Spark Properties"] = pairs(each.settings);
    json["Hadoop Properties"] = pairs(each.hadoop);
    json["System Properties"] = pairs(each.system);
    json["Metrics Properties"] = pairs(each.metrics);
    json["Classpath Entries"] = pairs(each.classpath);
    json["Cerium Origins"] = pairs({each.origins.begin(), each.origins.end()});
    return json;
  }
  object operator()(const ResourceProfileAdded& each) const { return boost::json::parse(each.json).as_object(); }
  object operator()(const JobStart& each) const {
    object json = event("JobStart");
    json["Job ID"] = each.job;
    json["Submission Time"] = each.at;
    array stages;
    for (const StageInfoPtr& stage : each.stages) stages.push_back(stageOf(*stage));
    json["Stage Infos"] = std::move(stages);
    json["Stage IDs"] = ids(each.stage_ids);
    json["Properties"] = each.properties ? pairs(*each.properties) : object();
    return json;
  }
  object operator()(const JobEnd& each) const {
    object json = event("JobEnd");
    json["Job ID"] = each.job;
    json["Completion Time"] = each.at;
    if (each.succeeded) {
      json["Job Result"] = object{{"Result", "JobSucceeded"}};
    } else {
      json["Job Result"] =
          object{{"Result", "JobFailed"}, {"Exception", object{{"Message", each.failure}, {"Stack Trace", array()}}}};
      json["Cerium Cancelled"] = each.cancelled;
    }
    return json;
  }
  object operator()(const StageSubmitted& each) const {
    object json = event("StageSubmitted");
    json["Stage Info"] = stageOf(*each.stage);
    json["Properties"] = each.properties ? pairs(*each.properties) : object();
    return json;
  }
  object operator()(const StageCompleted& each) const {
    object json = event("StageCompleted");
    json["Stage Info"] = stageOf(*each.stage);
    return json;
  }
  std::string operator()(const TaskStart& each) const {
    Text text;
    put(text, R"({{"Event":"SparkListenerTaskStart","Stage ID":{},"Stage Attempt ID":{},"Task Info":)", each.stage,
        each.stage_attempt);
    putTask(text, each.task);
    put(text, "}}");
    return fmt::to_string(text);
  }
  std::string operator()(const TaskGettingResult& each) const {
    Text text;
    put(text, R"({{"Event":"SparkListenerTaskGettingResult","Task Info":)");
    putTask(text, each.task);
    put(text, "}}");
    return fmt::to_string(text);
  }
  std::string operator()(const TaskEnd& each) const {
    Text text;
    put(text,
        R"({{"Event":"SparkListenerTaskEnd","Stage ID":{},"Stage Attempt ID":{},"Task Type":"{}","Task End Reason":)",
        each.stage, each.stage_attempt, each.is_result ? "ResultTask" : "ShuffleMapTask");
    put(text, "{}", each.failure ? boost::json::serialize(reasonOf(each)) : R"({"Reason":"Success"})");
    put(text, R"(,"Task Info":)");
    putTask(text, each.task);
    put(text, R"(,"Task Executor Metrics":{{}})");
    if (each.figures) {
      put(text, R"(,"Task Metrics":)");
      putMetrics(text, *each.figures);
    }
    put(text, "}}");
    return fmt::to_string(text);
  }
  object operator()(const ExecutorAdded& each) const {
    object json = event("ExecutorAdded");
    json["Timestamp"] = each.at;
    json["Executor ID"] = each.executor;
    json["Executor Info"] = object{{"Host", each.host},
                                   {"Total Cores", each.cores},
                                   {"Log Urls", pairs(each.log_urls)},
                                   {"Attributes", pairs(each.attributes)},
                                   {"Resources", object()},
                                   {"Resource Profile Id", each.resource_profile},
                                   {"Registration Time", each.at}};
    return json;
  }
  object operator()(const ExecutorRemoved& each) const {
    object json = event("ExecutorRemoved");
    json["Timestamp"] = each.at;
    json["Executor ID"] = each.executor;
    json["Removed Reason"] = each.reason;
    return json;
  }
  /// The event's class names its fields' classes in full, as Jackson writes it.
  object operator()(const ExecutorExcluded& each) const {
    const char* what = each.executor.empty() ? "Node" : "Executor";
    object json{{"Event", fmt::format("org.apache.spark.scheduler.SparkListener{}{}", what,
                                      each.excluded ? "Excluded" : "Unexcluded")}};
    json["time"] = each.at;
    json[each.executor.empty() ? "hostId" : "executorId"] = each.executor.empty() ? each.host : each.executor;
    if (each.excluded) json[each.executor.empty() ? "executorFailures" : "taskFailures"] = each.failures;
    json["ceriumReason"] = each.reason;
    return json;
  }
  object operator()(const ExecutorLeaving& each) const {
    object json = ceriumEvent("ExecutorLeaving");
    json["Timestamp"] = each.at;
    json["Executor ID"] = each.executor;
    json["Reason"] = each.reason;
    return json;
  }
  object operator()(const BlockManagerAdded& each) const {
    object json = event("BlockManagerAdded");
    json["Block Manager ID"] = blockManager(each.executor, each.host, each.port);
    json["Maximum Memory"] = each.max_memory;
    json["Timestamp"] = each.at;
    if (each.max_on_heap) json["Maximum Onheap Memory"] = *each.max_on_heap;
    if (each.max_off_heap) json["Maximum Offheap Memory"] = *each.max_off_heap;
    return json;
  }
  object operator()(const BlockManagerRemoved& each) const {
    object json = event("BlockManagerRemoved");
    json["Block Manager ID"] = blockManager(each.executor, "unknown", 0);
    json["Timestamp"] = each.at;
    return json;
  }
  object operator()(const BlockUpdated& each) const {
    object json = event("BlockUpdated");
    json["Block Updated Info"] = object{{"Block Manager ID", blockManager(each.executor, each.host, each.port)},
                                        {"Block ID", each.block},
                                        {"Storage Level", levelOf(each.level)},
                                        {"Memory Size", each.memory},
                                        {"Disk Size", each.disk}};
    return json;
  }
  object operator()(const UnpersistRdd& each) const {
    object json = event("UnpersistRDD");
    json["RDD ID"] = each.rdd;
    return json;
  }
  object operator()(const StageExecutorMetrics& each) const {
    object json = event("StageExecutorMetrics");
    json["Executor ID"] = each.executor;
    json["Stage ID"] = each.stage;
    json["Stage Attempt ID"] = each.stage_attempt;
    object peaks;
    for (size_t i = 0; i < kPeaks.size(); ++i) peaks[kPeaks[i]] = each.peaks[i];
    json["Executor Metrics"] = std::move(peaks);
    return json;
  }
  object operator()(const ExecutorUse& each) const {
    object json = ceriumEvent("ExecutorUse");
    json["Timestamp"] = each.at;
    json["Executor ID"] = each.executor;
    json["Memory"] = each.memory;
    json["Disk"] = each.disk;
    return json;
  }
  object operator()(const EventsDropped& each) const {
    object json = ceriumEvent("EventsDropped");
    json["Timestamp"] = each.at;
    json["Total"] = each.total;
    return json;
  }
};

}  // namespace

std::string toJson(const LogEvent& event) {
  return std::visit(
      [](const auto& each) -> std::string {
        auto json = Writer()(each);
        if constexpr (std::is_same_v<decltype(json), object>) {
          return boost::json::serialize(json);
        } else {
          return json;
        }
      },
      event);
}

}  // namespace cerium::eventlog
