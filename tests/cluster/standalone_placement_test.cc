// Cerium. Licensed under the Apache License 2.0.
// Applications on a standalone cluster of real processes: which executors each gets, and what others wait for.
#include <catch2/catch.hpp>

#include "tests/support/standalone_cluster.h"

namespace cerium {
namespace {

using namespace testing;

/// Waits until a file with a given name exists in its folder, so that a test sees it while it runs.
void program() {
  const std::string folder = std::getenv("TMPDIR");
  Context sc(Conf().setAppName("program").set("cerium.ui.enabled", "false"));
  if (slowCounts(sc, 4, 10).count() != 100) std::abort();
  std::ofstream(folder + "/ready") << "ready";
  while (std::getenv("CERIUM_TEST_WAITS") != nullptr && !std::filesystem::exists(folder + "/go")) ::usleep(10'000);
}

}  // namespace

TEST_CASE("standalone driver program", "[.program]") { program(); }

TEST_CASE("a standalone cluster gives the right answer, on all its workers", "[cluster][standalone]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  {
    Context sc(cluster.conf());
    CHECK(sc.defaultParallelism() == 4);
    auto words = sc.range(0, 10'000, 1, 8).map([](int64_t x) { return std::pair<int64_t, int64_t>(x % 7, x); });
    auto sums = words.reduceByKey(std::plus<>(), 4).collect();
    int64_t all = 0;
    for (const auto& [key, sum] : sums) all += sum;
    CHECK(sums.size() == 7);
    CHECK(all == 49'995'000);
    REQUIRE(eventually([&] { return sc.statusTracker().getExecutorInfos().size() == 2; }));
    auto pids = sc.range(0, 8, 1, 8)
                    .map([](int64_t) {
                      ::usleep(100'000);
                      return static_cast<int64_t>(::getppid());
                    })
                    .collect();
    CHECK(std::set<int64_t>(pids.begin(), pids.end()) ==
          std::set<int64_t>{cluster.worker(0).pid(), cluster.worker(1).pid()});
    CHECK(cluster.coresUsed() == 4);
  }
  CHECK(eventually([&] { return cluster.coresUsed() == 0; }));
  CHECK(eventually([&] { return cluster.executors().empty(); }));
  const auto json = cluster.json();
  CHECK(json.at("activeapps").as_array().empty());
  REQUIRE(json.at("completedapps").as_array().size() == 1);
  CHECK(json.at("completedapps").as_array()[0].at("state").as_string() == "FINISHED");
}

TEST_CASE("executors are spread over workers, or put together", "[cluster][standalone]") {
  const bool consolidate = GENERATE(false, true);
  INFO("consolidate: " << consolidate);
  StandaloneCluster cluster(consolidate ? std::vector<std::string>{"--consolidate"} : std::vector<std::string>{});
  cluster.addWorker();
  cluster.addWorker();
  Context sc(cluster.conf().set("cerium.executor.cores", "1").set("cerium.cores.max", "2"));
  REQUIRE(slowSum(sc, 4, 1) == 6);
  const auto workers = cluster.placement();
  REQUIRE(workers.size() == 2);
  CHECK((workers[0] == workers[1]) == consolidate);
  CHECK(cluster.coresUsed() == 2);
}

TEST_CASE("executors get the cores and memory that were asked for", "[cluster][standalone]") {
  StandaloneCluster cluster;
  cluster.addWorker(4, "1g");
  SECTION("executor.cores and cores.max") {
    Context sc(cluster.conf().set("cerium.executor.cores", "2").set("cerium.cores.max", "3"));
    REQUIRE(slowSum(sc, 4, 1) == 6);
    CHECK(cluster.placement().size() == 1);
    CHECK(cluster.coresUsed() == 2);
  }
  SECTION("executor.memory") {
    Context sc(cluster.conf().set("cerium.executor.cores", "1").set("cerium.executor.memory", "400m"));
    REQUIRE(slowSum(sc, 4, 1) == 6);
    CHECK(cluster.placement().size() == 2);
    CHECK(cluster.json().at("memoryused").as_int64() == 800);
  }
  SECTION("executor.instances") {
    Context sc(cluster.conf().set("cerium.executor.cores", "1").set("cerium.executor.instances", "3"));
    REQUIRE(slowSum(sc, 4, 1) == 6);
    CHECK(eventually([&] { return cluster.placement().size() == 3; }));
    CHECK(cluster.coresUsed() == 3);
  }
}

TEST_CASE("an application that cannot be placed says what it waits for, and runs when a worker comes",
          "[cluster][standalone]") {
  StandaloneCluster cluster;
  cluster.addWorker(2);
  cluster.addWorker(2);
  TempFolder folder;
  auto variables = cluster.variables();
  variables.emplace_back("CERIUM_EXECUTOR_CORES=4");
  DriverProgram driver("standalone driver program", folder, variables);
  const std::string why = "needs 4 cores on one worker; the best of 2 workers has 2 free";
  CHECK(eventually([&] { return contentsOf(folder / "output").find(why) != std::string::npos; }));
  REQUIRE(cluster.json().at("activeapps").as_array().size() == 1);
  CHECK(cluster.json().at("activeapps").as_array()[0].at("waits").as_string() == why);
  CHECK(cluster.json().at("activeapps").as_array()[0].at("state").as_string() == "WAITING");
  cluster.addWorker(4);
  CHECK(driver.wait(std::chrono::seconds(40)) == 0);
}

TEST_CASE("two applications run at once, and a third takes what the first gives back", "[cluster][standalone]") {
  StandaloneCluster cluster;
  cluster.addWorker(4);
  TempFolder folders[2];
  auto variables = cluster.variables();
  variables.emplace_back("CERIUM_CORES_MAX=2");
  variables.emplace_back("CERIUM_TEST_WAITS=1");
  std::vector<std::unique_ptr<DriverProgram>> drivers;
  for (auto& folder : folders)
    drivers.push_back(std::make_unique<DriverProgram>("standalone driver program", folder, variables));
  for (auto& folder : folders) {
    INFO(contentsOf(folder / "output"));
    REQUIRE(eventually([&] { return std::filesystem::exists(folder / "ready"); }, std::chrono::seconds(40)));
  }
  CHECK(cluster.coresUsed() == 4);
  CHECK(cluster.json().at("activeapps").as_array().size() == 2);

  TempFolder third_folder;
  DriverProgram third("standalone driver program", third_folder, cluster.variables());
  CHECK(eventually([&] {
    return contentsOf(third_folder / "output").find("taken by applications before it") != std::string::npos ||
           contentsOf(third_folder / "output").find("waits for executors") != std::string::npos;
  }));
  CHECK_FALSE(std::filesystem::exists(third_folder / "ready"));
  folders[0].write("go", "");
  CHECK(drivers[0]->wait() == 0);
  CHECK(third.wait() == 0);
  folders[1].write("go", "");
  CHECK(drivers[1]->wait() == 0);
  CHECK(eventually([&] { return cluster.coresUsed() == 0; }));
}

TEST_CASE("a program whose executors cannot start fails after ten tries with the loader's own words",
          "[cluster][standalone][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  TempFolder libraries;
  libraries.write("libfmt.so.9", "this is no library");
  const auto [variable, status, words] = GENERATE(
      table<std::string, std::string, std::string>({{"LD_LIBRARY_PATH", "status 127", "libfmt.so.9: file too short"},
                                                    {"CERIUM_TEST_NO_START", "status 7", "no libraries"}}));
  std::string failure;
  try {
    Context sc(cluster.conf().set("cerium.executorEnv." + variable, libraries.path()));
    sc.range(0, 10, 1, 2).count();
  } catch (const Error& e) {
    failure = e.what();
  }
  CHECK_THAT(failure, Catch::Contains("10 executors") && Catch::Contains(status) && Catch::Contains(words));
  CHECK(eventually([&] { return cluster.coresUsed() == 0; }));
  CHECK(cluster.json().at("status").as_string() == "ALIVE");
}

TEST_CASE("added files and --files reach executors on other machines", "[cluster][standalone]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  TempFolder folder;
  Context sc(cluster.conf().set("cerium.files", folder.write("one", "1") + "," + folder.write("two", "2")));
  sc.addFile(folder.write("three", "3"));
  const auto texts =
      sc.range(0, 2, 1, 2)
          .map([](int64_t) {
            return contentsOf(File::get("one")) + contentsOf(File::get("two")) + contentsOf(File::get("three"));
          })
          .collect();
  CHECK(texts == std::vector<std::string>{"123", "123"});
  const auto paths = sc.range(0, 1, 1, 1).map([](int64_t) { return File::get("two"); }).collect();
  CHECK_THAT(paths.at(0), Catch::StartsWith(cluster.workDir(0)));
  CHECK(contentsOf(File::get("two")) == "2");
}

TEST_CASE("a program without the cluster's secret is refused and told so", "[cluster][standalone][security]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  TempFolder folder;
  const std::string other = folder.write("secret", "another one\n");
  ::chmod(other.c_str(), 0600);
  CHECK_THROWS_WITH(Context(cluster.conf().set("cerium.authenticate.secretFile", other)),
                    Catch::Contains("secret") && Catch::Contains(cluster.url().substr(9)));
  Daemon worker(folder, "worker",
                {"worker", cluster.url(), "--work-dir", folder / "work", "--webui-port", "0", "--secret-file", other});
  CHECK_THAT(worker.said("cannot reach the manager yet: ", "\n"), Catch::Contains("secret"));
  CHECK(cluster.json().at("workers").as_array().size() == 1);
  ::chmod(other.c_str(), 0644);
  CHECK_THROWS_WITH(Context(cluster.conf().set("cerium.authenticate.secretFile", other)), Catch::Contains("chmod 600"));
  Context sc(cluster.conf());
  CHECK(slowSum(sc, 4, 1) == 6);
}

}  // namespace cerium
