// Cerium. Licensed under the Apache License 2.0.
// Files that a job writes, if several attempts of a task end together, or the driver ends early: each part exists once
// and is complete, and unfinished output is not marked as complete.
#include <catch2/catch.hpp>
#include <set>

#include "tests/support/processes.h"

namespace cerium {
namespace {

using namespace testing;

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }
void mark(const std::string& path) { std::ofstream(path) << "here"; }

std::set<std::string> namesIn(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

/// Saves eight parts, and waits forever in the last of them when the others are there.
void program() {
  const std::string folder = std::getenv("TMPDIR");
  Context sc(Conf().setMaster("local-cluster[2,1,256m]").setAppName("program").set("cerium.ui.enabled", "false"));
  sc.range(0, 80, 1, 8)
      .map(
          [](int64_t x, const std::string& out) {
            while (x == 79 && !exists(out + "/part-00006")) ::usleep(1000);
            if (x == 79) mark(out + "/../ready");
            while (x == 79) ::usleep(1000);
            return x;
          },
          folder + "/out")
      .saveAsTextFile(folder + "/out");
}

}  // namespace

TEST_CASE("program that saves", "[.program]") { program(); }

TEST_CASE("of two attempts that commit the same part together one wins, whole", "[cluster][fault][commit]") {
  TempFolder folder;
  Context sc(clusterConf("local-cluster[2,2,256m]", folder)
                 .set("cerium.speculation.quantile", "0.5")
                 .set("cerium.speculation.minTaskRuntime", "50ms"));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  for (int round = 0; round < 10; ++round) {
    const std::string marks = folder / "marks-" + std::to_string(round);
    const std::string out = folder / "out-" + std::to_string(round);
    std::filesystem::create_directories(marks);
    sc.range(0, 400, 1, 4)
        .map(
            [](int64_t x, const std::string& where) {
              // The last record of a part waits until the other attempt has reached it too.
              if (x == 299) {
                const int attempt = TaskContext::get()->attemptNumber();
                mark(where + "/" + std::to_string(attempt));
                while (!exists(where + "/" + std::to_string(1 - attempt))) ::usleep(100);
              }
              return x;
            },
            marks)
        .saveAsTextFile(out);
    CHECK(namesIn(out) == std::set<std::string>{"_SUCCESS", "part-00000", "part-00001", "part-00002", "part-00003"});
    const auto lines = sc.textFile(out).map([](const std::string& line) { return std::stoll(line); }).collect();
    REQUIRE(lines.size() == 400);
    for (size_t i = 0; i < lines.size(); ++i) REQUIRE(lines[i] == static_cast<int64_t>(i));
  }
  const auto started = recorder->started();
  CHECK(std::count_if(started.begin(), started.end(), [](const TaskInfo& task) { return task.speculative; }) >= 10);
  CHECK(recorder->removed().empty());
}

TEST_CASE("output that a killed driver has saved in part is not marked as complete", "[cluster][fault][commit]") {
  TempFolder folder;
  DriverProgram driver("program that saves", folder);
  REQUIRE(eventually([&] { return exists(folder / "ready"); }));
  const auto executors = childrenOf(driver.pid());
  driver.signal(SIGKILL);
  REQUIRE(driver.wait() != -1);
  CHECK(eventually([&] {
    return std::all_of(executors.begin(), executors.end(), [](pid_t pid) { return residentBytes(pid) == 0; });
  }));
  const auto names = namesIn(folder / "out");
  CHECK_FALSE(names.contains("_SUCCESS"));
  CHECK_FALSE(names.contains("part-00007"));
  CHECK(contentsOf(folder / "out/part-00000") == "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
  Context sc(clusterConf("local-cluster[2,1,256m]", folder));
  CHECK_THROWS_WITH(sc.range(0, 10, 1, 2).saveAsTextFile(folder / "out"), Catch::Contains(folder / "out"));
}

}  // namespace cerium
