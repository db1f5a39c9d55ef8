// Cerium. Licensed under the Apache License 2.0.
// Wall clocks that differ between processes and jump by an hour, forwards and back, while jobs run: no process is given
// up, nothing waits longer, and no age or duration is negative.
#include <catch2/catch.hpp>

#include "tests/support/standalone_cluster.h"

// Sanitizers must be loaded before a preloaded library.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace cerium {
namespace {

using namespace testing;

/// Clocks by name, each wrong by a number of seconds.
class Clocks {
 public:
  /// The variables of a process that uses the clock.
  [[nodiscard]] std::map<std::string, std::string> variables(const std::string& clock) const {
    const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    return {{"LD_PRELOAD", here / "libclock_shim.so"}, {"CERIUM_TEST_CLOCK", folder_ / clock}};
  }
  void set(const std::string& clock, int seconds) const {
    const std::string next = folder_.write("next", std::to_string(seconds));
    std::filesystem::rename(next, folder_ / clock);
  }

 private:
  TempFolder folder_;
};

/// Works until it is told to end, then reports what it saw.
void program() {
  const std::string folder = std::getenv("TMPDIR");
  std::string wrong;
  auto recorder = std::make_shared<Recorder>();
  {
    Context sc(Conf().setAppName("program").set("cerium.ui.enabled", "false").set("cerium.logLevel", "OFF"));
    sc.addListener(recorder);
    while (!std::filesystem::exists(folder + "/go")) {
      if (slowCounts(sc, 6, 20).count() != 100 || slowSum(sc, 8, 20) != 28) wrong = "a wrong answer";
      std::ofstream(folder + "/ready") << std::time(nullptr);
    }
    sc.stop();
  }
  if (!recorder->removed().empty()) wrong += "; lost: " + recorder->removed()[0].reason;
  for (const TaskInfo& task : recorder->ended()) {
    // A task takes 20 ms at most; a copy of a task would mean that the driver considered it slow.
    if (task.run_micros < 0 || task.run_micros > 30'000'000) wrong += "; took " + std::to_string(task.run_micros);
    if (task.status != "SUCCESS") wrong += "; " + task.message;
  }
  std::ofstream(folder + "/wrong") << wrong;
}

/// Makes the clocks jump by an hour while `driver` works.
void jump(const Clocks& clocks, const std::vector<std::string>& names, const TempFolder& folder) {
  for (const int seconds : {3600, -3600, 0, -7200}) {
    for (const auto& name : names) clocks.set(name, seconds);
    std::filesystem::remove(folder / "ready");
    REQUIRE(eventually([&] { return std::filesystem::exists(folder / "ready"); }));
  }
}

std::vector<std::string> pairsOf(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : variables) pairs.push_back(name + "=" + value);
  return pairs;
}

}  // namespace

TEST_CASE("program whose clock jumps", "[.program]") { program(); }

TEST_CASE("program whose task hangs deaf", "[.program]") {
  const std::string folder = std::getenv("TMPDIR");
  Context sc(Conf()
                 .setMaster("local-cluster[1,1,256m]")
                 .setAppName("program")
                 .set("cerium.ui.enabled", "false")
                 .set("cerium.task.reaper.killTimeout", "200ms"));
  auto job = sc.range(0, 1, 1, 1)
                 .map(
                     [](int64_t x, const std::string& where) {
                       sigset_t all;  // blocked, so that the thread cannot report its stack
                       sigfillset(&all);
                       pthread_sigmask(SIG_BLOCK, &all, nullptr);
                       std::ofstream(where + "/hangs") << "here";
                       for (;;) ::usleep(1000);
                       return x;
                     },
                     folder)
                 .countAsync();
  REQUIRE(eventually([&] { return std::filesystem::exists(folder + "/hangs"); }));
  job.cancel();
  CHECK_THROWS_AS(job.get(), JobFailed);
  CHECK(sc.range(0, 10, 1, 2).count() == 10);  // its core is back
}

TEST_CASE("a task that hangs is ended in time by a clock that is an hour ahead", "[cluster][fault][clock]") {
  const Clocks clocks;
  clocks.set("all", 3600);
  TempFolder folder;
  DriverProgram driver("program whose task hangs deaf", folder, pairsOf(clocks.variables("all")));
  CHECK(driver.wait() == 0);
}

TEST_CASE("a clock that jumps by an hour and back costs a driver and its executors nothing",
          "[cluster][fault][clock]") {
  const Clocks clocks;
  TempFolder folder;
  auto variables = pairsOf(clocks.variables("all"));
  variables.emplace_back("CERIUM_MASTER=local-cluster[2,1,256m]");
  DriverProgram driver("program whose clock jumps", folder, variables);
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "ready"); }));
  clocks.set("all", 3600);
  REQUIRE(eventually([&] {
    const std::string said = contentsOf(folder / "ready");
    return !said.empty() && std::stoll(said) > std::time(nullptr) + 3000;  // the clock is indeed wrong
  }));
  jump(clocks, {"all"}, folder);
  folder.write("go", "");
  CHECK(driver.wait() == 0);
  CHECK(contentsOf(folder / "wrong").empty());
}

TEST_CASE("a cluster whose clocks differ and jump loses no process, and no age is negative",
          "[cluster][standalone][fault][clock]") {
  const Clocks clocks;
  clocks.set("worker-0", 3600);
  clocks.set("worker-1", -3600);
  StandaloneCluster cluster({}, clocks.variables("manager"));
  cluster.addWorker(2, "1g", {}, clocks.variables("worker-0"));
  cluster.addWorker(2, "1g", {}, clocks.variables("worker-1"));
  TempFolder folder;
  auto variables = cluster.variables();
  for (const auto& variable : pairsOf(clocks.variables("driver"))) variables.push_back(variable);
  DriverProgram driver("program whose clock jumps", folder, variables);
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "ready"); }, std::chrono::seconds(40)));
  jump(clocks, {"manager", "worker-0", "driver"}, folder);
  CHECK(cluster.json().at("aliveworkers").as_int64() == 2);

  // The next manager starts with a clock that shows a time before the application began.
  clocks.set("manager", -10'000);
  cluster.killManager();
  cluster.startManager();
  REQUIRE(eventually([&] { return cluster.json().at("aliveworkers").as_int64() == 2; }));
  folder.write("go", "");
  CHECK(driver.wait() == 0);
  CHECK(contentsOf(folder / "wrong").empty());
  REQUIRE(eventually([&] { return cluster.json().at("completedapps").as_array().size() == 1; }));
  const auto application = cluster.json().at("completedapps").as_array()[0].as_object();
  CHECK(application.at("state").as_string() == "FINISHED");
  CHECK(application.at("duration").as_int64() >= 0);
  CHECK(cluster.manager(0).log().find("is lost") == std::string::npos);
  CHECK(cluster.manager(1).log().find("is lost") == std::string::npos);
}

}  // namespace cerium

#endif
