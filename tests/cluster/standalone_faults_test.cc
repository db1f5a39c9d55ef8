// Cerium. Licensed under the Apache License 2.0.
// A standalone cluster whose processes die, stand still and come back during a job: the answer is right, and other
// processes are not affected.
#include <catch2/catch.hpp>

#include "tests/support/standalone_cluster.h"

namespace cerium {
namespace {

using namespace testing;

/// Caches and shuffles, reports that it is ready, and runs forever.
void endlessProgram() {
  const std::string folder = std::getenv("TMPDIR");
  Context sc(Conf().setAppName("endless").set("cerium.ui.enabled", "false"));
  auto cached = sc.range(0, 100'000, 1, 4).map([](int64_t x) { return std::pair<int64_t, int64_t>(x % 1000, x); });
  cached.persist(DISK_ONLY);
  if (cached.reduceByKey(std::plus<>()).count() != 1000) std::abort();
  std::ofstream(folder + "/ready") << "ready";
  sc.range(0, 4, 1, 4).foreach ([](int64_t) { ::usleep(300'000'000); });
}

/// A running sum of tasks of 50 ms, on another thread.
class RunningSum {
 public:
  RunningSum(Context& sc, int tasks) : tasks_(tasks), recorder_(std::make_shared<Recorder>()) {
    sc.addListener(recorder_);
    sum_ = std::async(std::launch::async, [&sc, tasks] { return slowSum(sc, tasks, 50); });
  }
  [[nodiscard]] const Recorder& recorder() const { return *recorder_; }
  /// True when `tasks` of its tasks have ended within 30 s.
  [[nodiscard]] bool reaches(int tasks) const {
    return eventually([&] { return recorder_->succeeded() >= tasks; }, std::chrono::seconds(30));
  }
  bool isRight() { return sum_.get() == int64_t{tasks_} * (tasks_ - 1) / 2; }
  /// True if no task ran in vain or twice.
  [[nodiscard]] bool isUndisturbed() const {
    return eventually([&] { return recorder_->ended().size() >= static_cast<size_t>(tasks_); }) &&
           recorder_->ended().size() == static_cast<size_t>(tasks_) && recorder_->succeeded() == tasks_ &&
           recorder_->removed().empty();
  }

 private:
  const int tasks_;
  std::shared_ptr<Recorder> recorder_;
  std::future<int64_t> sum_;
};

Conf quietConf(const StandaloneCluster& cluster) { return cluster.conf().set("cerium.speculation", "false"); }

std::vector<std::string> statesOfWorkers(const boost::json::object& json) {
  std::vector<std::string> states;
  for (const auto& worker : json.at("workers").as_array()) states.emplace_back(worker.at("state").as_string());
  return states;
}

/// Files in a worker's folder that are not logs, programs or its lock.
std::vector<std::string> leftBehind(const std::string& work_dir) {
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(work_dir)) {
    const std::string path = entry.path().string().substr(work_dir.size());
    const bool is_known = path.ends_with("/log") || path.starts_with("/fetched/") || path == "/.lock";
    if (entry.is_regular_file() && !is_known) left.push_back(path);
  }
  return left;
}

/// The executors, one on each of two workers, after both have run tasks.
std::vector<pid_t> bothExecutors(const StandaloneCluster& cluster, Context& sc) {
  REQUIRE(slowSum(sc, 4, 1) == 6);
  REQUIRE(eventually([&] { return cluster.executors().size() == 2; }));
  return cluster.executors();
}

}  // namespace

TEST_CASE("endless standalone program", "[.program]") { endlessProgram(); }

TEST_CASE("an application that ends while the manager is restarted has finished", "[cluster][standalone][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  Context sc(cluster.conf());
  REQUIRE(slowSum(sc, 4, 1) == 6);
  cluster.killManager();
  auto stopped = std::async(std::launch::async, [&sc] { sc.stop(); });
  cluster.startManager();
  stopped.get();
  REQUIRE(eventually([&] { return cluster.json().at("completedapps").as_array().size() == 1; }));
  CHECK(cluster.json().at("completedapps").as_array().at(0).at("state").as_string() == "FINISHED");
}

TEST_CASE("workers of one machine keep to folders of their own", "[cluster][standalone]") {
  StandaloneCluster cluster;
  std::vector<std::string> arguments{
      "worker", cluster.url(),   "--cores",           "1", "--memory", "64m", "--webui-port",
      "0",      "--secret-file", cluster.secretFile()};
  const Daemon first(cluster.folder(), "first", arguments);
  const std::string folder = first.said("folder: ", ")");
  CHECK_THAT(folder, Catch::StartsWith(cluster.folder().path()));
  const Daemon second(cluster.folder(), "second", arguments);
  CHECK(second.said("folder: ", ")") == folder + "-2");
  CHECK_THAT(second.log(), Catch::Contains(" offers 1 cores and 64 MiB to "));
  arguments.insert(arguments.end(), {"--work-dir", folder});
  const Daemon third(cluster.folder(), "third", arguments);
  CHECK(third.wait() == 2);
  CHECK_THAT(third.log(), Catch::Contains("uses the work folder " + folder) && Catch::Contains("--work-dir"));
}

TEST_CASE("an executor that is killed is replaced, in mid-job", "[cluster][standalone][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  Context sc(quietConf(cluster));
  RunningSum sum(sc, 40);
  REQUIRE(sum.reaches(8));
  REQUIRE(eventually([&] { return cluster.executors().size() == 2; }));
  const auto before = cluster.executors();
  ::kill(before[0], SIGKILL);
  CHECK(sum.isRight());
  CHECK(eventually([&] { return cluster.executors().size() == 2; }));
  REQUIRE(eventually([&] { return sum.recorder().removed().size() == 1; }));
  CHECK_THAT(sum.recorder().removed()[0].reason, Catch::Contains("signal 9"));
  CHECK(slowSum(sc, 4, 1) == 6);
}

TEST_CASE("a worker that is killed takes its executors along, and the job goes on", "[cluster][standalone][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  Context sc(quietConf(cluster));
  auto counts = slowCounts(sc, 8, 20);
  REQUIRE(counts.count() == 100);
  RunningSum sum(sc, 40);
  REQUIRE(sum.reaches(8));
  REQUIRE(eventually([&] { return cluster.executorsOf(0).size() == 1; }));
  const auto orphans = cluster.executorsOf(0);
  cluster.worker(0).signal(SIGKILL);
  CHECK(sum.isRight());
  CHECK(counts.count() == 100);  // half of its shuffle output is gone
  CHECK(eventually(
      [&] { return std::all_of(orphans.begin(), orphans.end(), [](pid_t pid) { return residentBytes(pid) == 0; }); }));
  CHECK(eventually([&] { return statesOfWorkers(cluster.json()) == std::vector<std::string>{"ALIVE", "DEAD"}; }));
}

TEST_CASE("running jobs do not notice that the manager is killed and restarted", "[cluster][standalone][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  Context sc(quietConf(cluster));
  const auto executors = bothExecutors(cluster, sc);
  RunningSum sum(sc, 80);
  REQUIRE(sum.reaches(8));
  cluster.killManager();
  REQUIRE(sum.reaches(20));
  cluster.startManager();
  CHECK(sum.isRight());
  CHECK(sum.isUndisturbed());
  CHECK(cluster.executors() == executors);
  CHECK(eventually([&] {
    const auto json = cluster.json();
    return json.at("status").as_string() == "ALIVE" && json.at("aliveworkers").as_int64() == 2 &&
           json.at("activeapps").as_array().size() == 1 && json.at("coresused").as_int64() == 4;
  }));
  // The new manager is in charge: it replaces executors that die.
  ::kill(executors[0], SIGKILL);
  CHECK(eventually([&] {
    const auto now = cluster.executors();
    return now.size() == 2 && now != executors;
  }));
  CHECK(slowSum(sc, 40, 5) == 780);
  sc.stop();
  CHECK(eventually([&] { return cluster.coresUsed() == 0 && cluster.executors().empty(); }));
}

TEST_CASE("running jobs do not notice that the manager comes back with its journal gone, or torn",
          "[cluster][standalone][fault]") {
  const bool is_gone = GENERATE(true, false);
  INFO("the journal is " << (is_gone ? "gone" : "torn"));
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  Context sc(quietConf(cluster));
  const auto executors = bothExecutors(cluster, sc);
  RunningSum sum(sc, 60);
  REQUIRE(sum.reaches(8));
  cluster.killManager();
  for (const auto& entry : std::filesystem::directory_iterator(cluster.folder() / "recovery")) {
    if (is_gone) {
      std::filesystem::remove_all(entry.path());
    } else if (entry.is_regular_file() && entry.file_size() > 3) {
      std::filesystem::resize_file(entry.path(), entry.file_size() - 3);  // as in the middle of a write
    }
  }
  cluster.startManager();
  CHECK(sum.isRight());
  CHECK(sum.isUndisturbed());
  CHECK(eventually([&] {
    const auto json = cluster.json();
    return json.at("aliveworkers").as_int64() == 2 && json.at("activeapps").as_array().size() == 1 &&
           json.at("coresused").as_int64() == 4;
  }));
  CHECK(cluster.executors() == executors);  // nothing was given twice
  ::kill(executors[0], SIGKILL);
  CHECK(slowSum(sc, 40, 5) == 780);
  CHECK(eventually([&] { return cluster.executors().size() == 2; }));
}

TEST_CASE("a standby manager takes over within ten seconds, and the job goes on", "[cluster][standalone][fault]") {
  StandaloneCluster cluster;
  const std::string standby = cluster.startStandby();
  const std::string both = cluster.url() + "," + standby.substr(std::string("cerium://").size());
  cluster.addWorker(2, "1g", both);
  cluster.addWorker(2, "1g", both);
  CHECK(cluster.json(1).at("status").as_string() == "STANDBY");
  Context sc(quietConf(cluster).setMaster(both));
  RunningSum sum(sc, 120);
  REQUIRE(sum.reaches(8));
  cluster.manager(0).signal(SIGKILL);
  CHECK(eventually(
      [&] {
        const auto json = cluster.json(1);
        return json.at("status").as_string() == "ALIVE" && json.at("aliveworkers").as_int64() == 2 &&
               json.at("activeapps").as_array().size() == 1 && json.at("coresused").as_int64() == 4;
      },
      std::chrono::seconds(10)));
  CHECK(sum.isRight());
  CHECK(sum.isUndisturbed());
  // Later applications find it too.
  sc.stop();
  Context later(quietConf(cluster).setMaster(both));
  CHECK(slowSum(later, 4, 1) == 6);
}

TEST_CASE("a worker that stands still is lost after ten seconds, and comes back", "[cluster][standalone][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  Context sc(quietConf(cluster));
  REQUIRE(slowSum(sc, 8, 20) == 28);
  REQUIRE(eventually([&] { return cluster.executorsOf(0).size() == 1; }));
  const auto stopped = cluster.executorsOf(0);
  RunningSum sum(sc, 80);
  REQUIRE(sum.reaches(4));
  cluster.worker(0).signal(SIGSTOP);
  ::kill(stopped[0], SIGSTOP);  // like a machine, or a container, that is paused
  CHECK(eventually(
      [&] {
        const auto states = statesOfWorkers(cluster.json());
        return std::count(states.begin(), states.end(), "DEAD") == 1;
      },
      std::chrono::seconds(15)));
  CHECK(sum.isRight());
  ::kill(stopped[0], SIGCONT);
  cluster.worker(0).signal(SIGCONT);
  CHECK(eventually([&] { return cluster.json().at("aliveworkers").as_int64() == 2; }));
  CHECK(eventually([&] { return residentBytes(stopped[0]) == 0; }));  // given up long ago
  CHECK(eventually([&] { return cluster.coresUsed() == 4; }));
  CHECK(slowSum(sc, 40, 5) == 780);
}

TEST_CASE("nothing but logs is left of a driver that is killed", "[cluster][standalone][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  TempFolder folder;
  DriverProgram driver("endless standalone program", folder, cluster.variables());
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "ready"); }, std::chrono::seconds(40)));
  REQUIRE(eventually([&] { return cluster.executors().size() == 2; }));
  const auto executors = cluster.executors();
  auto processes = executors;
  processes.push_back(driver.pid());
  CHECK(eventually([&] { return listeningPorts(processes).size() >= 5; }));
  driver.signal(SIGKILL);
  REQUIRE(driver.wait() != -1);
  CHECK(eventually([&] { return cluster.executors().empty(); }));
  CHECK(eventually([&] { return cluster.coresUsed() == 0; }));
  CHECK(eventually([&] { return leftBehind(cluster.workDir(0)).empty() && leftBehind(cluster.workDir(1)).empty(); }));
  CHECK(listeningPorts(executors).empty());
  CHECK(eventually([&] { return cluster.json().at("activeapps").as_array().empty(); }));
  CHECK(cluster.json().at("completedapps").as_array().at(0).at("state").as_string() == "FAILED");
  Context sc(cluster.conf());
  CHECK(slowSum(sc, 4, 1) == 6);
}

}  // namespace cerium
