// Cerium. Licensed under the Apache License 2.0.
// Event logs are written and read: every kind of event, whole logs, and logs that are cut or damaged.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "base/util/error.h"
#include "tests/support/log_scene.h"
#include "tests/support/temp_folder.h"
#include "web-ui/eventlog/log_json.h"
#include "web-ui/eventlog/log_writer.h"
#include "web-ui/history/log_folder.h"
#include "web-ui/history/log_parser.h"
#include "web-ui/history/log_reader.h"
#include "web-ui/http/message.h"

namespace cerium {
namespace {

namespace fs = std::filesystem;
using test::LogScene;

/// An application with each kind of event.
LogScene everyKind() {
  LogScene scene;
  eventlog::EnvironmentUpdate environment;
  environment.settings = {{"cerium.app.name", "scene"}, {"odd \"key\"", "line\nbreak\t\x01"}};
  environment.origins = {{"cerium.app.name", "code"}};
  scene.give(environment);
  scene.give(eventlog::BlockManagerAdded{.at = LogScene::kStart,
                                         .executor = "0",
                                         .host = "h",
                                         .port = 4,
                                         .max_memory = 100,
                                         .max_on_heap = 90,
                                         .max_off_heap = 10});
  scene.executor("0", 2);
  auto map = LogScene::stage(0, 2);
  map.shuffle = 7;
  map.rdds[0].level = {.disk = true, .memory = true, .off_heap = false, .deserialized = true, .replication = 2};
  map.rdds[0].parents = {3, 4};
  auto reduce = LogScene::stage(1, 1, "collect at scene.cc:2");
  reduce.parents = {0};
  scene.job(0, {map, reduce}, 10).submit(map, 11);
  eventlog::TaskFigures figures;
  int64_t value = 1;
  for (const auto& figure : eventlog::kLogFigures) figures.*figure.of = value++;
  scene.task({.stage = 0, .index = 0, .executor = "0", .from = 12, .to = 30, .figures = figures});
  for (const char* reason : {"ExceptionFailure", "FetchFailed", "TaskKilled", "ExecutorLostFailure"}) {
    auto failure = *LogScene::thrown("it failed <b>\"so\"</b>");
    failure.reason = reason;
    scene.task({.stage = 0,
                .index = 1,
                .executor = "0",
                .from = 12,
                .to = 31,
                .failure = std::make_shared<const eventlog::TaskFailure>(failure)});
  }
  eventlog::TaskInfo fetched;
  fetched.id = 1;
  fetched.getting_result = LogScene::kStart + 32;
  scene.give(eventlog::TaskGettingResult{fetched});
  scene.give(eventlog::BlockUpdated{.executor = "0",
                                    .host = "h",
                                    .port = 4,
                                    .block = "rdd_0_1",
                                    .level = {.memory = true, .deserialized = true},
                                    .memory = 55,
                                    .disk = 0});
  eventlog::StageExecutorMetrics peaks;
  peaks.executor = "0";
  peaks.stage = 0;
  peaks.peaks[0] = 12345;
  scene.give(peaks);
  scene.give(eventlog::ExecutorUse{LogScene::kStart + 33, "0", 10, 20});
  scene.give(eventlog::ExecutorExcluded{
      .at = LogScene::kStart + 34, .executor = "0", .host = "h", .excluded = true, .failures = 3, .reason = "odd"});
  scene.give(eventlog::ExecutorExcluded{
      .at = LogScene::kStart + 35, .executor = "0", .host = "h", .excluded = false, .failures = 0, .reason = {}});
  scene.give(eventlog::ExecutorLeaving{LogScene::kStart + 36, "0", "idle"});
  scene.give(eventlog::EventsDropped{LogScene::kStart + 37, 4});
  scene.complete(map, 11, 40).complete(reduce, 41, 42, "it went wrong").endJob(0, 43, "stage 1 failed");
  scene.give(eventlog::UnpersistRdd{0});
  scene.give(eventlog::BlockManagerRemoved{LogScene::kStart + 44, "0"});
  scene.lose("0", 44, "killed by signal 9");
  scene.give(eventlog::ApplicationEnd{LogScene::kStart + 50, 0});
  return scene;
}

fs::path write(const LogScene& scene, const fs::path& folder, uint64_t max_file_bytes = 1 << 20) {
  eventlog::LogWriter writer({.folder = folder, .application = "app-1", .max_file_bytes = max_file_bytes});
  for (const auto& event : scene.events) {
    writer.write(event);
    if (max_file_bytes == 1) writer.flush();
  }
  return writer.path();
}

std::vector<std::string> linesOf(const fs::path& log, history::LogSummary* summary = nullptr) {
  std::vector<std::string> lines;
  const auto read = history::readLog(log, [&](const eventlog::LogEvent& event) { lines.push_back(toJson(event)); });
  if (summary != nullptr) *summary = read;
  return lines;
}

std::string contentOf(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("each kind of event is the same after it was written and read", "[web-ui]") {
  history::LogParser parser;
  for (const auto& event : everyKind().events) {
    const std::string line = toJson(event);
    INFO(line);
    CHECK((line.starts_with("{\"Event\":\"SparkListener") ||
           line.starts_with("{\"Event\":\"org.apache.spark.scheduler.SparkListener") ||
           line.starts_with("{\"Event\":\"cerium.")));
    const auto parsed = parser.parse(line);
    REQUIRE(parsed);
    CHECK(parsed->index() == event.index());
    CHECK(toJson(*parsed) == line);
  }
}

TEST_CASE("a log on disk has Spark's names and gives back its events, over several files", "[web-ui]") {
  const testing::TempFolder folder;
  const LogScene scene = everyKind();
  const fs::path log = write(scene, folder.path(), 1);
  CHECK(log.filename() == "eventlog_v2_app-1");
  CHECK(fs::exists(log / "appstatus_app-1"));
  CHECK(fs::exists(log / "events_1_app-1.zstd"));
  REQUIRE(history::filesOf(log).size() > 2);
  CHECK(history::filesOf(log)[1].filename() == "events_2_app-1.zstd");
  CHECK_FALSE(history::isInProgress(log));
  history::LogSummary summary;
  const auto lines = linesOf(log, &summary);
  REQUIRE(lines.size() == scene.events.size());
  for (size_t i = 0; i < lines.size(); ++i) CHECK(lines[i] == toJson(scene.events[i]));
  CHECK(summary.isComplete());
}

TEST_CASE("a log is readable while it is written, and says that it is not over", "[web-ui]") {
  const testing::TempFolder folder;
  eventlog::LogWriter writer({.folder = folder.path(), .application = "app-1"});
  writer.write(LogScene().events[1]);
  writer.flush();
  CHECK(history::isInProgress(writer.path()));
  history::LogSummary summary;
  CHECK(linesOf(writer.path(), &summary).size() == 1);
  REQUIRE(summary.notes.size() == 1);
  CHECK_THAT(summary.notes[0], Catch::Contains("ends within a frame"));
}

TEST_CASE("a log that is cut anywhere gives what is valid and says what is not", "[web-ui]") {
  const testing::TempFolder folder;
  const LogScene scene = everyKind();
  const fs::path log = write(scene, folder.path());
  const fs::path file = history::filesOf(log).at(0);
  const std::string whole = contentOf(file);
  for (size_t size = 0; size < whole.size(); size += 97) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    history::LogSummary summary;
    const auto lines = linesOf(log, &summary);
    CHECK(lines.size() < scene.events.size());
    for (size_t i = 0; i < lines.size(); ++i) CHECK(lines[i] == toJson(scene.events[i]));
    if (size > 0) CHECK_FALSE(summary.isComplete());
  }
}

TEST_CASE("lines that are no events are left out and counted", "[web-ui]") {
  const testing::TempFolder folder;
  const fs::path log = folder / "app-1";
  {
    std::ofstream out(log);
    out << toJson(LogScene().events[1]) << "\n{\"Event\":\"SparkListenerJobSta\nnull\n[1]\n{}\n"
        << "{\"Event\":\"SparkListenerTaskEnd\",\"Stage ID\":\"x\",\"Task Info\":[],\"Task Metrics\":7}\n"
        << "{\"Event\":\"SparkListenerJobEnd\",\"Job ID\":99999999999999999999}\n"
        << "{\"Event\":\"com.example.Other\",\"x\":1}\n"
        << std::string("\xff\xfe{\"Event\"\0", 10) << "\n"
        << toJson(LogScene().events[0]);
  }
  CHECK(history::isLog(log));
  history::LogSummary summary;
  const auto lines = linesOf(log, &summary);
  CHECK(lines.size() == 3);  // the first, the odd end of a task, the last
  CHECK(summary.lines == 10);
  CHECK(summary.skipped_lines == 6);
  CHECK_THAT(summary.notes.at(0), Catch::StartsWith("line 2: "));
}

TEST_CASE("a folder that cannot be written is an error that names it", "[web-ui]") {
  CHECK_THROWS_WITH(eventlog::LogWriter({.folder = "/dev/null/events", .application = "a"}),
                    Catch::Contains("cannot create the event log /dev/null/events/eventlog_v2_a"));
}

TEST_CASE("a folder of logs lists its applications and opens them", "[web-ui]") {
  const testing::TempFolder folder;
  write(everyKind(), folder.path());
  std::ofstream(folder / "notes.txt") << "no log";
  fs::create_directory(folder / "eventlog_v2_empty");
  history::LogFolder logs(folder.path());
  const auto all = logs.list();
  REQUIRE(all.size() == 1);
  CHECK(all[0].id == "app-1");
  CHECK(all[0].name == "scene");
  CHECK(all[0].completed);
  CHECK(all[0].ended == LogScene::kStart + 50);
  CHECK(all[0].jobs == 1);
  CHECK(all[0].failed_jobs == 1);
  const auto shown = logs.open("app-1");
  CHECK(shown.store->with([](const store::Application& app) { return app.jobs.at(0).failure; }) == "stage 1 failed");
  CHECK(logs.open("app-1").store == shown.store);  // from memory
  CHECK_THROWS_AS(logs.open("../../etc/passwd"), http::Refusal);
}

}  // namespace cerium
