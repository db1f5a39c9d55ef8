// Cerium. Licensed under the Apache License 2.0.
// The lines of an event log, of Spark or of anybody: they are read into a store, which the diagnosis and the web
// interfaces then look at. What a line gives can be written and read again.
#include "tests/fuzz/fuzz.h"
#include "web-ui/diagnosis/diagnosis.h"
#include "web-ui/eventlog/log_json.h"
#include "web-ui/history/log_parser.h"
#include "web-ui/store/app_store.h"

using namespace cerium;

std::vector<std::string> fuzz::seeds() {
  const std::string stage =
      R"({"Stage ID":0,"Stage Attempt ID":0,"Stage Name":"map at a.cc:1","Number of Tasks":2,"RDD Info":[{"RDD ID":1,)"
      R"("Name":"n","Callsite":"map at a.cc:1","Parent IDs":[0],"Storage Level":{"Use Memory":true,"Replication":1},)"
      R"("Number of Partitions":2}],"Parent IDs":[],"Submission Time":5,"Completion Time":9})";
  const std::string task =
      R"("Task Info":{"Task ID":0,"Index":0,"Attempt":0,"Launch Time":6,"Executor ID":"0","Host":"h","Finish Time":8})";
  return {
      R"({"Event":"SparkListenerApplicationStart","App Name":"a","App ID":"b","Timestamp":1,"User":"u"})"
      "\n"
      R"({"Event":"SparkListenerExecutorAdded","Timestamp":2,"Executor ID":"0","Executor Info":{"Host":"h","Total Cores":2}})",
      R"({"Event":"SparkListenerJobStart","Job ID":0,"Submission Time":4,"Stage Infos":[)" + stage +
          R"(],"Stage IDs":[0],"Properties":{"spark.job.description":"d"}})" + "\n" +
          R"({"Event":"SparkListenerStageSubmitted","Stage Info":)" + stage + "}\n" +
          R"({"Event":"SparkListenerTaskStart","Stage ID":0,"Stage Attempt ID":0,)" + task + "}\n" +
          R"({"Event":"SparkListenerTaskEnd","Stage ID":0,"Stage Attempt ID":0,"Task Type":"ResultTask","Task End Reason":)" +
          R"({"Reason":"Success"},)" + task + R"(,"Task Metrics":{"Executor Run Time":2}})" + "\n" +
          R"({"Event":"SparkListenerStageCompleted","Stage Info":)" + stage + "}\n" +
          R"({"Event":"SparkListenerJobEnd","Job ID":0,"Completion Time":9,"Job Result":{"Result":"JobSucceeded"}})",
      R"({"Event":"SparkListenerBlockUpdated","Block Updated Info":{"Block Manager ID":{"Executor ID":"0","Host":"h","Port":1},)"
      R"("Block ID":"rdd_1_0","Storage Level":{"Use Memory":true,"Replication":1},"Memory Size":3,"Disk Size":0}})",
  };
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  history::LogParser parser;
  store::AppStore store({.max_tasks = 50, .max_jobs = 20, .max_stages = 20});
  std::string_view rest = fuzz::textOf(data, size);
  bool is_whole = true;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    try {
      const auto event = parser.parse(line);
      is_whole = is_whole && event.has_value();
      if (!event) continue;
      const std::string again = eventlog::toJson(*event);
      const auto same = parser.parse(again);
      fuzz::check(same && eventlog::toJson(*same) == again, "an event is not the same after it was written");
      store.read(*event);
    } catch (const CorruptData&) {
      is_whole = false;
    }
  }
  store.with([](const store::Application& app) { return diagnosis::diagnose(app, app.last_event).size(); });
  if (is_whole) fuzz::decodedWhole();
  return 0;
}
