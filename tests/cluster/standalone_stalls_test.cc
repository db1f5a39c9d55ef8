// Cerium. Licensed under the Apache License 2.0.
// Processes of a standalone cluster that stand still, and workers that cannot run what they take: other processes are
// not affected.
#include <catch2/catch.hpp>

#include "tests/support/standalone_cluster.h"

namespace cerium {
namespace {

using namespace testing;

/// Works, reports it, and goes on until it is told to end; then reports the executors that it has lost.
void program() {
  const std::string folder = std::getenv("TMPDIR");
  Context sc(Conf().setAppName("program").set("cerium.ui.enabled", "false").set("cerium.logLevel", "OFF"));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  while (!std::filesystem::exists(folder + "/go")) {
    if (slowSum(sc, 8, 20) != 28) std::abort();
    std::ofstream(folder + "/ready") << "ready";
  }
  sc.stop();
  std::ofstream(folder + "/lost") << recorder->removed().size();
}

}  // namespace

TEST_CASE("program among stalls", "[.program]") { program(); }

TEST_CASE("a manager and a driver that stand still for longer than the limit give no process up",
          "[cluster][standalone][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  TempFolder folder;
  DriverProgram driver("program among stalls", folder, cluster.variables());
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "ready"); }, std::chrono::seconds(40)));
  REQUIRE(eventually([&] { return cluster.executors().size() == 2; }));
  const auto executors = cluster.executors();
  cluster.manager().signal(SIGSTOP);
  driver.signal(SIGSTOP);
  std::this_thread::sleep_for(std::chrono::seconds(12));  // the limit is ten
  cluster.manager().signal(SIGCONT);
  driver.signal(SIGCONT);
  std::filesystem::remove(folder / "ready");
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "ready"); }));
  CHECK(cluster.executors() == executors);
  CHECK(cluster.json().at("aliveworkers").as_int64() == 2);
  CHECK(cluster.json().at("activeapps").as_array().size() == 1);
  folder.write("go", "");
  CHECK(driver.wait() == 0);
  CHECK(contentsOf(folder / "lost") == "0");
}

TEST_CASE("workers that fall silent together, as when the manager is cut off, are not given up",
          "[cluster][standalone][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  TempFolder folder;
  DriverProgram driver("program among stalls", folder, cluster.variables());
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "ready"); }, std::chrono::seconds(40)));
  REQUIRE(eventually([&] { return cluster.executors().size() == 2; }));
  const auto executors = cluster.executors();
  for (const size_t each : {0, 1}) cluster.worker(each).signal(SIGSTOP);
  std::this_thread::sleep_for(std::chrono::seconds(12));  // the limit is ten
  for (const size_t each : {0, 1}) cluster.worker(each).signal(SIGCONT);
  std::filesystem::remove(folder / "ready");
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "ready"); }));
  CHECK(cluster.executors() == executors);
  folder.write("go", "");
  CHECK(driver.wait() == 0);
  CHECK(contentsOf(folder / "lost") == "0");
  CHECK(cluster.manager().log().find("is lost") == std::string::npos);
}

TEST_CASE("a worker on which nothing starts fails no application", "[cluster][standalone][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker(4);  // the emptiest worker, so it is tried first
  std::filesystem::rename(cluster.workDir(0), cluster.workDir(0) + "-gone");
  cluster.folder().write("worker-0", "no folder: as on a disk that is full, nothing can be made here");
  SECTION("if another worker has room") {
    cluster.addWorker(2);
    Context sc(cluster.conf());
    CHECK(slowSum(sc, 40, 20) == 780);
    CHECK(cluster.executorsOf(0).empty());
    CHECK(cluster.executorsOf(1).size() == 1);
  }
  SECTION("when it comes back to a running application") {
    Daemon& broken = cluster.worker(0);
    broken.signal(SIGSTOP);
    cluster.addWorker(2);
    Context sc(cluster.conf());
    REQUIRE(slowSum(sc, 4, 1) == 6);
    broken.signal(SIGCONT);
    CHECK(slowSum(sc, 100, 50) == 4950);
  }
}

}  // namespace cerium
