// Cerium. Licensed under the Apache License 2.0.
// A standalone cluster on machines with a network that fails silently: connections are not reset, packets are dropped.
// Machines that are cut off are given up in time, the job goes on elsewhere, and late messages are ignored.
#include <catch2/catch.hpp>

#include "tests/support/network_lab.h"
#include "tests/support/standalone_cluster.h"

namespace cerium {
namespace {

using namespace testing;

/// The manager and the driver on machine 0, and a worker on each other machine.
struct Machines {
  explicit Machines(int workers) : lab(workers), cluster({"--host", NetworkLab::address(0)}) {
    for (int i = 1; i <= workers; ++i) lab.on(i, [this] { cluster.addWorker(); });
  }
  NetworkLab lab;
  StandaloneCluster cluster;
};

bool isPossible() {
  static const std::string reason = NetworkLab::whyNot();
  if (!reason.empty()) WARN("skipped: " << reason);
  return reason.empty();
}

/// Two executors with one core each, so that each worker of two cores has room for one more.
Conf confFor(const Machines& machines, const std::string& limit) {
  return machines.cluster.conf()
      .set("cerium.executor.cores", "1")
      .set("cerium.cores.max", "2")
      .set("cerium.network.timeout", limit)
      .set("cerium.speculation", "false");
}

int tasksStartedOn(const Recorder& recorder, int64_t executor) {
  const auto started = recorder.started();
  return static_cast<int>(
      std::count_if(started.begin(), started.end(), [&](const TaskInfo& task) { return task.executor == executor; }));
}

bool areGone(const std::vector<pid_t>& pids) {
  return std::all_of(pids.begin(), pids.end(), [](pid_t pid) { return residentBytes(pid) == 0; });
}

/// A running job of short tasks and its recorded events.
struct RunningJob {
  explicit RunningJob(Context& sc) {
    sc.addListener(recorder);
    sum = std::async(std::launch::async, [&sc] { return slowSum(sc, 60, 50); });
    REQUIRE(eventually([this] { return recorder->succeeded() >= 6; }));
  }
  bool isRight() { return sum.get() == 1770; }
  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();
  std::future<int64_t> sum;
};

}  // namespace

TEST_CASE("a machine that is gone without a word costs its own work only, and gets no more",
          "[cluster][standalone][network]") {
  if (!isPossible()) return;
  Machines machines(2);
  StandaloneCluster& cluster = machines.cluster;
  Context sc(confFor(machines, "2s"));
  auto counts = slowCounts(sc, 8, 10);
  REQUIRE(counts.count() == 100);
  REQUIRE(eventually([&] { return cluster.executorsOf(0).size() == 1 && cluster.executorsOf(1).size() == 1; }));
  const auto cut_off = cluster.executorsOf(0);
  RunningJob job(sc);
  machines.lab.pullCable(1);
  CHECK(job.isRight());
  REQUIRE(eventually([&] { return !job.recorder->removed().empty(); }));
  const auto lost = job.recorder->removed().at(0);
  CHECK(lost.host == NetworkLab::address(1));
  const int before = tasksStartedOn(*job.recorder, lost.id);
  CHECK(eventually([&] { return cluster.executorsOf(1).size() == 2; }));  // what takes its place
  CHECK(counts.count() == 100);                                           // part of its shuffle output is gone
  CHECK(tasksStartedOn(*job.recorder, lost.id) == before);

  machines.lab.plugIn(1);
  CHECK(eventually([&] { return areGone(cut_off); }));
  CHECK(eventually([&] { return cluster.json().at("aliveworkers").as_int64() == 2; }));
  CHECK(eventually([&] { return cluster.coresUsed() == 2; }));
  CHECK(slowSum(sc, 8, 5) == 28);
  CHECK(job.recorder->removed().size() == 1);
}

TEST_CASE("a machine that is cut off for less than the limit is not given up", "[cluster][standalone][network]") {
  if (!isPossible()) return;
  Machines machines(2);
  Context sc(confFor(machines, "8s"));
  REQUIRE(slowSum(sc, 8, 20) == 28);
  REQUIRE(eventually([&] { return machines.cluster.executors().size() == 2; }));
  const auto executors = machines.cluster.executors();
  RunningJob job(sc);
  machines.lab.pullCable(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(1'500));
  machines.lab.plugIn(1);
  CHECK(job.isRight());
  CHECK(job.recorder->removed().empty());
  CHECK(machines.cluster.executors() == executors);
  CHECK(machines.cluster.json().at("aliveworkers").as_int64() == 2);
}

TEST_CASE("a machine whose packets are lost in one direction is given up in time", "[cluster][standalone][network]") {
  if (!isPossible()) return;
  const auto [from, to] = GENERATE(std::pair(0, 1), std::pair(1, 0));
  INFO("what machine " << from << " sends to machine " << to << " is lost");
  Machines machines(2);
  Context sc(confFor(machines, "2s"));
  REQUIRE(slowSum(sc, 8, 20) == 28);
  REQUIRE(eventually([&] { return machines.cluster.executorsOf(0).size() == 1; }));
  const auto half_open = machines.cluster.executorsOf(0);
  RunningJob job(sc);
  machines.lab.lose(from, to);
  CHECK(job.isRight());
  REQUIRE(eventually([&] { return !job.recorder->removed().empty(); }));
  CHECK(job.recorder->removed().at(0).host == NetworkLab::address(1));
  machines.lab.find(from, to);
  CHECK(eventually([&] { return areGone(half_open); }));
  CHECK(slowSum(sc, 8, 5) == 28);
}

TEST_CASE("of two machines that cannot reach each other one is given up, and the job goes on",
          "[cluster][standalone][network]") {
  if (!isPossible()) return;
  const bool have_met = GENERATE(false, true);
  INFO("the executors have " << (have_met ? "" : "not ") << "read from each other before");
  Machines machines(2);
  Context sc(confFor(machines, "10s"));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  REQUIRE(eventually([&] { return sc.statusTracker().getExecutorInfos().size() == 2; }));
  auto counts = slowCounts(sc, 8, 20);
  if (have_met) REQUIRE(counts.count() == 100);
  REQUIRE(slowSum(sc, 8, 20) == 28);
  machines.lab.lose(1, 2);
  machines.lab.lose(2, 1);
  // A silent stream is in doubt after five seconds, and its peer known to be unreachable after four more.
  auto counting = std::async(std::launch::async, [&] { return counts.count(); });
  CHECK(counting.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  CHECK(counting.get() == 100);
  CHECK(recorder->removed().size() == 1);
}

TEST_CASE("executors end when the machine of their driver is gone without a word", "[cluster][standalone][network]") {
  if (!isPossible()) return;
  NetworkLab lab(2);
  StandaloneCluster cluster({"--host", NetworkLab::address(0)});
  lab.on(1, [&] { cluster.addWorker(); });
  TempFolder folder;
  auto driver = lab.on(
      2, [&] { return std::make_unique<DriverProgram>("endless standalone program", folder, cluster.variables()); });
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "ready"); }, std::chrono::seconds(40)));
  REQUIRE(eventually([&] { return cluster.executors().size() == 1; }));
  lab.pullCable(2);
  // Executors send something each second: ten looks without an answer are enough.
  CHECK(eventually([&] { return cluster.executors().empty(); }, std::chrono::seconds(30)));
  CHECK(cluster.json().at("aliveworkers").as_int64() == 1);
}

}  // namespace cerium
