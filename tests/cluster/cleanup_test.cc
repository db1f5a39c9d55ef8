// Cerium. Licensed under the Apache License 2.0.
// However a driver program ends, its executors end with it and leave no process, file or port.
#include <catch2/catch.hpp>
#include <thread>

#include "tests/support/processes.h"

namespace cerium {
namespace {

using namespace testing;

/// The driver program: caches and shuffles, reports that it is ready, then ends as `how` says.
void program(const std::string& how) {
  const std::string folder = std::getenv("TMPDIR");
  Context sc(Conf().setMaster("local-cluster[2,1,256m]").setAppName("program").set("cerium.ui.enabled", "false"));
  auto cached = sc.range(0, 100'000, 1, 4).map([](int64_t x) { return std::pair<int64_t, int64_t>(x % 1000, x); });
  cached.persist(DISK_ONLY);
  if (cached.reduceByKey(std::plus<>()).count() != 1000) std::abort();
  std::ofstream(folder + "/ready") << "ready";
  if (how == "returns") return;
  // on a thread, so that the test runner cannot catch it
  if (how == "throws") std::thread([&sc] { sc.range(-1).first(); }).join();
  sc.range(0, 2, 1, 2).foreach ([](int64_t) { ::usleep(60'000'000); });
}

/// The names of files other than the program's output, logs and mark.
std::vector<std::string> leftIn(const TempFolder& folder) {
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    const std::string name = entry.path().filename();
    if (name != "output" && name != "state" && name != "ready") left.push_back(name);
  }
  return left;
}

}  // namespace

TEST_CASE("driver program that returns", "[.program]") { program("returns"); }
TEST_CASE("driver program that throws", "[.program]") { program("throws"); }
TEST_CASE("driver program that waits", "[.program]") { program("waits"); }

TEST_CASE("driver program that survives an interrupt", "[.program]") {
  const std::string folder = std::getenv("TMPDIR");
  Context sc(Conf().setMaster("local-cluster[2,1,256m]").setAppName("program").set("cerium.ui.enabled", "false"));
  auto waits = sc.range(0, 2, 1, 2).map([](int64_t x) {
    while (!TaskContext::get()->isInterrupted()) ::usleep(10'000);
    return x;
  });
  auto job = waits.countAsync();
  std::ofstream(folder + "/ready") << "ready";
  try {
    job.get();
  } catch (const JobFailed& e) {
    std::ofstream(folder + "/said") << e.what();
  }
  if (sc.range(0, 10, 1, 2).count() == 10) std::ofstream(folder + "/went-on") << "yes";
}

TEST_CASE("under cerium submit the first Ctrl-C cancels the jobs and the program goes on", "[cluster]") {
  TempFolder folder;
  DriverProgram driver("driver program that survives an interrupt", folder, {"CERIUM_CANCEL_ON_INTERRUPT=1"});
  REQUIRE(eventually([&] { return std::filesystem::exists(folder / "ready"); }));
  driver.signal(SIGINT);
  CHECK(driver.wait() == 0);
  CHECK_THAT(contentsOf(folder / "said"), Catch::Contains("interrupted"));
  CHECK(contentsOf(folder / "went-on") == "yes");
}

TEST_CASE("nothing is left of a program, however it ends", "[cluster][fault]") {
  const auto [how, number] = GENERATE(table<std::string, int>(
      {{"returns", 0}, {"throws", 0}, {"waits", SIGINT}, {"waits", SIGTERM}, {"waits", SIGKILL}}));
  INFO(how << ", signal " << number);
  TempFolder folder;
  DriverProgram driver("driver program that " + how, folder);
  std::vector<pid_t> executors;
  std::set<int> ports;
  REQUIRE(eventually([&] {
    // A program that ends at once may be gone before it is seen with its executors.
    if (executors.size() < 2) executors = childrenOf(driver.pid());
    if (executors.size() == 2 && ports.empty()) ports = listeningPorts({driver.pid(), executors[0], executors[1]});
    return std::filesystem::exists(folder / "ready");
  }));
  REQUIRE(executors.size() == 2);
  if (number != 0) driver.signal(number);
  const int status = driver.wait();
  REQUIRE(status != -1);
  if (how == "returns") CHECK(status == 0);
  if (how == "throws") {
    CHECK(status == 1 << 8);  // exit status 1, not a signal
    CHECK_THAT(contentsOf(folder / "output"), Catch::Contains("tests_cluster: ") && Catch::Contains("first at"));
  }
  CHECK(eventually(
      [&] {
        return std::none_of(executors.begin(), executors.end(), [](pid_t pid) { return residentBytes(pid) > 0; });
      },
      std::chrono::seconds(2)));
  CHECK(leftIn(folder).empty());
  CHECK(eventually([&] { return listeningPorts(executors).empty(); }));  // a process gives up its memory first
}

}  // namespace cerium
