// Cerium. Licensed under the Apache License 2.0.
// `cerium submit --deploy-mode cluster` with real processes: the driver runs on a worker; its submitter prints its
// output, interrupts it, and survives a restart of the manager with it.
#include <catch2/catch.hpp>
#include <iostream>

#include "tests/support/standalone_cluster.h"

namespace cerium {
namespace {

using namespace testing;

/// Settings come from the worker and `cerium submit`.
Conf ownConf() { return Conf().setAppName("program").set("cerium.ui.enabled", "false"); }

/// Prints a line for the submitter.
void say(const std::string& text) { std::cout << "driver says: " << text << std::endl; }

void readsFiles() {
  Context sc(ownConf());
  say("here: " + contentsOf(File::get("data")) + " in " + File::get("data"));
  auto there = sc.range(0, 2, 1, 2).map([](int64_t) { return contentsOf(File::get("data")); }).collect();
  say("there: " + there.at(0) + there.at(1));
}

void waitsForInterrupt() {
  Context sc(ownConf());
  auto job = sc.range(0, 2, 1, 2)
                 .map([](int64_t x) {
                   while (!TaskContext::get()->isInterrupted()) ::usleep(10'000);
                   return x;
                 })
                 .countAsync();
  say("ready");
  try {
    job.get();
  } catch (const JobFailed& e) {
    say(e.what());
  }
  if (sc.range(0, 10, 1, 2).count() == 10) say("goes on");
  slowSum(sc, 1'000, 100);
}

void takesItsTime() {
  Context sc(ownConf());
  say("ready");
  say("sum " + std::to_string(slowSum(sc, 60, 100)));
}

/// The driver's folder is the same at the second try.
void failsAtFirst() {
  if (!std::filesystem::exists("tried")) {
    std::ofstream("tried") << "once";
    std::cerr << "driver says: first try" << std::endl;
    ::_exit(9);
  }
  Context sc(ownConf());
  say("second try, sum " + std::to_string(slowSum(sc, 4, 1)));
}

/// Is still preparing itself when its worker is killed.
void makesItsContextLate() {
  ::signal(SIGPIPE, SIG_IGN);  // otherwise its next output would end it
  say("prepares");
  const pid_t worker = ::getppid();
  while (::getppid() == worker) ::usleep(10'000);
  Context sc(ownConf());
  std::ofstream("ran") << "after its worker's end";
}

std::unique_ptr<Daemon> submit(StandaloneCluster& cluster, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"submit", "--master", cluster.url()});
  static int count = 0;
  return std::make_unique<Daemon>(
      cluster.folder(), "submit-" + std::to_string(count++), std::move(arguments),
      std::map<std::string, std::string>{{"CERIUM_AUTHENTICATE_SECRET_FILE", cluster.secretFile()}});
}
std::unique_ptr<Daemon> submitDriver(StandaloneCluster& cluster, const std::string& test_case,
                                     std::vector<std::string> flags = {}) {
  flags.insert(flags.begin(), {"--deploy-mode", "cluster", "--driver-memory", "64m", "--executor-memory", "128m"});
  flags.insert(flags.end(), {std::filesystem::read_symlink("/proc/self/exe"), test_case});
  return submit(cluster, std::move(flags));
}

bool hears(const Daemon& submitter, const std::string& what) {
  return eventually([&] { return submitter.log().find(what) != std::string::npos; });
}

/// Variables whose name ends with SECRET and that have a value, as `ps e` shows them.
std::vector<std::string> secretsShownBy(pid_t pid) {
  std::vector<std::string> shown;
  std::istringstream variables(contentsOf("/proc/" + std::to_string(pid) + "/environ"));
  for (std::string each; std::getline(variables, each, '\0');) {
    const size_t equals = each.find("SECRET=");
    if (equals != std::string::npos && each.size() > equals + 7) shown.push_back(each);
  }
  return shown;
}

}  // namespace

TEST_CASE("cluster driver that reads files", "[.program]") { readsFiles(); }
TEST_CASE("cluster driver that waits for an interrupt", "[.program]") { waitsForInterrupt(); }
TEST_CASE("cluster driver that takes its time", "[.program]") { takesItsTime(); }
TEST_CASE("cluster driver that fails at first", "[.program]") { failsAtFirst(); }
TEST_CASE("cluster driver that makes its Context late", "[.program]") { makesItsContextLate(); }

TEST_CASE("files of --files reach a driver in the cluster and its executors", "[cluster][standalone][submit]") {
  StandaloneCluster cluster;
  cluster.addWorker(3);
  TempFolder folder;
  const auto submitter =
      submitDriver(cluster, "cluster driver that reads files", {"--files", folder.write("data", "the data")});
  CHECK(submitter->wait() == 0);
  INFO(submitter->log());
  CHECK(hears(*submitter, "driver says: here: the data in " + cluster.workDir(0)));
  CHECK(hears(*submitter, "driver says: there: the datathe data"));
  CHECK(hears(*submitter, "FINISHED"));
}

TEST_CASE("Ctrl-C cancels the jobs of a driver in the cluster, the second one ends it",
          "[cluster][standalone][submit]") {
  StandaloneCluster cluster;
  cluster.addWorker(3);
  const auto submitter = submitDriver(cluster, "cluster driver that waits for an interrupt");
  REQUIRE(hears(*submitter, "driver says: ready"));
  submitter->signal(SIGINT);
  CHECK(hears(*submitter, "interrupted (Ctrl-C)"));
  REQUIRE(hears(*submitter, "driver says: goes on"));
  submitter->signal(SIGINT);
  CHECK(submitter->wait() != 0);
  CHECK(hears(*submitter, "KILLED"));
  CHECK(eventually([&] { return cluster.executors().empty() && cluster.coresUsed() == 0; }));
}

TEST_CASE("a driver in the cluster and its submitter outlive the manager", "[cluster][standalone][submit][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker(3);
  const auto submitter = submitDriver(cluster, "cluster driver that takes its time");
  REQUIRE(hears(*submitter, "driver says: ready"));
  cluster.killManager();
  CHECK(hears(*submitter, "waiting for the manager to come back"));
  SECTION("that comes back while the driver runs") { cluster.startManager(); }
  SECTION("that comes back when the driver has ended") {
    REQUIRE(hears(*submitter, "driver says: sum 1770"));
    cluster.startManager();
  }
  CHECK(submitter->wait() == 0);
  CHECK(hears(*submitter, "driver says: sum 1770"));
  CHECK(hears(*submitter, "FINISHED"));
  CHECK(eventually([&] { return cluster.coresUsed() == 0; }));
}

TEST_CASE("a supervised driver that fails is run again", "[cluster][standalone][submit][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker(3);
  const auto submitter = submitDriver(cluster, "cluster driver that fails at first", {"--supervise"});
  CHECK(submitter->wait() == 0);
  CHECK(hears(*submitter, "RELAUNCHING"));
  CHECK(hears(*submitter, "exited with status 9"));
  // The output as it came, and not again with the report of the end.
  CHECK(hears(*submitter, "driver says: first try"));
  CHECK(submitter->log().find("first try") == submitter->log().rfind("first try"));
  CHECK(hears(*submitter, "driver says: second try, sum 6"));
}

TEST_CASE("a driver whose worker is killed ends with it, and is run again if supervised",
          "[cluster][standalone][submit][fault]") {
  const bool supervised = GENERATE(true, false);
  INFO("supervised: " << supervised);
  StandaloneCluster cluster;
  cluster.addWorker(3);
  const auto submitter =
      submitDriver(cluster, "cluster driver that takes its time",
                   supervised ? std::vector<std::string>{"--supervise"} : std::vector<std::string>{});
  REQUIRE(hears(*submitter, "driver says: ready"));
  const auto children = cluster.executorsOf(0);  // and the driver
  cluster.addWorker(3);
  cluster.worker(0).signal(SIGKILL);
  CHECK(eventually([&] {
    return std::all_of(children.begin(), children.end(), [](pid_t pid) { return residentBytes(pid) == 0; });
  }));
  CHECK((submitter->wait() == 0) == supervised);
  CHECK(hears(*submitter, supervised ? "driver says: sum 1770" : "LOST"));
}

TEST_CASE("a driver whose worker was killed before there was a Context does not go on",
          "[cluster][standalone][submit][fault]") {
  StandaloneCluster cluster;
  cluster.addWorker(3);
  const auto submitter = submitDriver(cluster, "cluster driver that makes its Context late");
  REQUIRE(hears(*submitter, "driver says: prepares"));
  const auto driver = cluster.executorsOf(0);
  REQUIRE(driver.size() == 1);
  cluster.worker(0).signal(SIGKILL);
  CHECK(eventually([&] { return residentBytes(driver.front()) == 0; }));
  CHECK_FALSE(std::filesystem::exists(cluster.workDir(0) + "/driver-" + submitter->said("driver-", ":") + "/ran"));
}

TEST_CASE("no process shows a secret in its environment", "[cluster][standalone][submit][security]") {
  StandaloneCluster cluster;
  cluster.addWorker(3);
  Daemon submitter(
      cluster.folder(), "submit-with-secret",
      {"submit", "--master", cluster.url(), "--deploy-mode", "cluster", "--driver-memory", "64m", "--executor-memory",
       "128m", std::filesystem::read_symlink("/proc/self/exe"), "cluster driver that waits for an interrupt"},
      {{"CERIUM_AUTHENTICATE_SECRET", "the secret of this cluster"}});
  REQUIRE(hears(submitter, "driver says: ready"));
  REQUIRE(eventually([&] { return cluster.executorsOf(0).size() == 2; }));  // and the driver
  std::vector<pid_t> all = cluster.executorsOf(0);
  all.insert(all.end(), {submitter.pid(), cluster.worker(0).pid(), cluster.manager().pid()});
  // Waits a moment, because the program must first reach its Context.
  for (pid_t pid : all) CHECK(eventually([&] { return secretsShownBy(pid).empty(); }, std::chrono::seconds(5)));
}

TEST_CASE("a driver in the cluster is asked about and killed by its id", "[cluster][standalone][submit]") {
  StandaloneCluster cluster;
  cluster.addWorker(3);
  const auto submitter = submitDriver(cluster, "cluster driver that waits for an interrupt");
  REQUIRE(hears(*submitter, "driver says: ready"));
  const std::string id = "driver-" + submitter->said("driver-", ":");
  const auto question = submit(cluster, {"--status", id});
  CHECK(question->wait() == 0);
  CHECK(hears(*question, id + ": RUNNING"));
  const auto order = submit(cluster, {"--kill", id});
  CHECK(order->wait() == 0);
  CHECK(hears(*order, id + ": KILLED"));
  CHECK(submitter->wait() != 0);
  CHECK(hears(*submitter, id + ": KILLED"));
  const auto stranger = submit(cluster, {"--status", "driver-of-nobody"});
  CHECK(stranger->wait() == 1);
  CHECK(hears(*stranger, "UNKNOWN"));
}

}  // namespace cerium
