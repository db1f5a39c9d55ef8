// Cerium. Licensed under the Apache License 2.0.
// A real worker with a real manager, and shell scripts in place of executors and drivers.
#include "cluster-manager/worker/worker.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "base/protocol/cluster_messages.h"
#include "base/rpc/content_file.h"
#include "base/rpc/secrets.h"
#include "base/util/error.h"
#include "cluster-manager/manager/manager.h"
#include "tests/support/no_threads.h"
#include "tests/support/temp_folder.h"
#include "web-ui/http/client.h"

namespace cerium::cluster_manager {
namespace {

using testing::TempFolder;
namespace p = cerium::protocol;

constexpr std::chrono::seconds kLimit{20};

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// The messages of one connection: a test waits for the next one of a kind, and others are dropped.
class Inbox {
 public:
  void add(p::ClusterMessage message) {
    std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
    changed_.notify_all();
  }
  template <class T>
  T next() {
    const auto deadline = std::chrono::steady_clock::now() + kLimit;
    std::unique_lock lock(mutex_);
    for (;;) {
      while (!messages_.empty()) {
        auto message = std::move(messages_.front());
        messages_.pop_front();
        if (auto* found = std::get_if<T>(&message)) return std::move(*found);
      }
      if (changed_.wait_until(lock, deadline) == std::cv_status::timeout && messages_.empty())
        throw Error("the message that the test waits for does not come");
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<p::ClusterMessage> messages_;
};

/// A manager, its secret in a file, and workers on request.
struct Cluster {
  explicit Cluster(uint16_t port = 0) : secret_file(folder.write("secret", "the cluster's secret\n")) {
    ::chmod(secret_file.c_str(), 0600);
    startManager(port);
  }

  void startManager(uint16_t port) {
    ManagerOptions options;
    options.listen = {"127.0.0.1", port};
    options.web_port = 0;
    options.secret = "the cluster's secret";
    options.recovery_dir = folder / "recovery";
    manager = std::make_unique<Manager>(options);
  }
  void startWorker() {
    WorkerOptions options;
    options.managers = {manager->endpoint()};
    options.web_port = 0;
    options.cores = 2;
    options.memory = uint64_t{1} << 30;
    options.work_dir = folder / "work";
    options.secret_file = secret_file;
    worker = std::make_unique<WorkerDaemon>(options, [this] {
      std::lock_guard lock(mutex);
      left = true;
      changed.notify_all();
    });
  }
  bool workerLeaves() {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, kLimit, [this] { return left; });
  }

  TempFolder folder;
  std::string secret_file;
  std::mutex mutex;
  std::condition_variable changed;
  bool left = false;  // guarded by mutex
  std::unique_ptr<Manager> manager;
  std::unique_ptr<WorkerDaemon> worker;
};

/// A driver or `cerium submit`, as a cluster sees it: it has a program and asks the manager to run it.
class Client {
 public:
  /// `purpose`: from which its secret is derived.
  Client(Cluster& cluster, const std::string& script, const std::string& purpose)
      : file_(writeScript(cluster, script)) {
    program.file.path = "/not/on/the/worker/program";
    program.file.hash = file_.hash();
    program.file.bytes = file_.bytes();
    rpc::TransportOptions own;
    own.secret = rpc::deriveSecret("the cluster's secret", purpose);
    serving_ = rpc::makeTcpTransport(own);
    const auto at = serving_->listen({"127.0.0.1", 0}, [this](const rpc::ConnectionPtr&) -> rpc::Handlers {
      return {[this](const rpc::ConnectionPtr& from, const Bytes& bytes) { onMessage(from, bytes); },
              [](const rpc::ConnectionPtr&, const std::string&) {}};
    });
    program.file.host = at.host;
    program.file.port = at.port;
    rpc::TransportOptions clusters;
    clusters.secret = "the cluster's secret";
    transport_ = rpc::makeTcpTransport(clusters);
    connection_ = transport_->connect(
        cluster.manager->endpoint(),
        {[this](const rpc::ConnectionPtr&, const Bytes& bytes) { inbox.add(p::decodeCluster(bytes)); },
         [](const rpc::ConnectionPtr&, const std::string&) {}});
  }

  void send(const p::ClusterMessage& message) { connection_->send(p::encodeCluster(message)); }

  /// Registers an application that wants one executor and has `executors`.
  void registerApplication(std::vector<int64_t> executors = {}) {
    p::RegisterApplication message;
    message.application = "app-1";
    message.name = "test";
    message.driver_host = "127.0.0.1";
    message.driver_port = 4711;
    message.program = program;
    message.executor_environment = {{"GREETING", "hello"}};
    message.executor_memory = 1 << 20;
    message.executors_wanted = 1;
    message.executor_cores = 2;
    message.executors = std::move(executors);
    send(message);
  }
  std::string output() {
    std::lock_guard lock(mutex_);
    return output_;
  }

  p::Program program;
  Inbox inbox;
  std::chrono::milliseconds time_for_output{0};  ///< how long it takes for each piece; set before the first one

 private:
  static std::string writeScript(Cluster& cluster, const std::string& script) {
    return cluster.folder.write("script", "#!/bin/sh\n" + script);
  }
  void onMessage(const rpc::ConnectionPtr& from, const Bytes& bytes) {
    const auto message = p::decodeCluster(bytes);
    if (const auto* fetch = std::get_if<p::FetchFile>(&message)) {
      Bytes piece = file_.piece(fetch->offset);
      const bool last = fetch->offset + piece.size() >= file_.bytes();
      from->send(p::encodeCluster(p::FilePiece{fetch->offset, last, "", std::move(piece)}));
    } else if (const auto* output = std::get_if<p::DriverOutput>(&message)) {
      std::this_thread::sleep_for(time_for_output);
      std::lock_guard lock(mutex_);
      output_ += (output->to_stderr ? "err:" : "out:") + std::string(output->bytes.view());
    }
  }

  const rpc::ContentFile file_;
  std::mutex mutex_;
  std::string output_;  // guarded by mutex_
  std::unique_ptr<rpc::Transport> serving_;
  std::unique_ptr<rpc::Transport> transport_;
  rpc::ConnectionPtr connection_;
};

}  // namespace

TEST_CASE("a worker runs an executor that it fetches, with a clean environment", "[cluster-manager][cluster]") {
  Cluster cluster;
  ::setenv("OF_THE_WORKER_ONLY", "1", 1);
  cluster.startWorker();
  Client driver(cluster, "env; pwd; echo scratch > data; echo $0 $1; printf 'crash record' >&3; exec sleep 100\n",
                "application app-1");
  driver.program.arguments = {"argument"};
  driver.registerApplication();
  const auto granted = driver.inbox.next<p::ExecutorGranted>();
  CHECK(granted.cores == 2);
  const auto running = driver.inbox.next<p::ExecutorRunning>();
  const std::string folder = cluster.folder / "work/app-1/" + std::to_string(granted.executor);
  CHECK(running.log == "127.0.0.1:" + folder + "/log");
  CHECK(eventually([&] { return testing::contentsOf(folder + "/log").find(" argument") != std::string::npos; }));
  driver.send(p::ReleaseExecutor{granted.executor, "seen enough"});
  const auto gone = driver.inbox.next<p::ExecutorGone>();
  CHECK(gone.how.signal == SIGTERM);
  CHECK(gone.how.reason == "seen enough");
  CHECK(gone.how.crash_record.view() == "crash record");

  const std::string log = testing::contentsOf(folder + "/log");
  for (const std::string& line :
       {std::string("GREETING=hello\n"), std::string("CERIUM_EXECUTOR_OF=127.0.0.1:4711\n"),
        "CERIUM_EXECUTOR_ID=" + std::to_string(granted.executor) + "\n", std::string("CERIUM_EXECUTOR_CORES=2\n"),
        "CERIUM_EXECUTOR_SECRET=" + rpc::deriveSecret("the cluster's secret", "application app-1") + "\n",
        std::string("CERIUM_EXECUTOR_HOST=127.0.0.1\n"), folder + "\n", std::string(" argument\n")}) {
    CHECK_THAT(log, Catch::Contains(line));
  }
  CHECK_THAT(log, !Catch::Contains("OF_THE_WORKER_ONLY"));
  CHECK_THAT(log, !Catch::Contains("the cluster's secret"));
  ::unsetenv("OF_THE_WORKER_ONLY");
  CHECK((std::filesystem::status(folder).permissions() & std::filesystem::perms::mask) == std::filesystem::perms(0700));
}

TEST_CASE("an executor that cannot run is reported with its last output", "[cluster-manager][cluster]") {
  Cluster cluster;
  cluster.startWorker();
  Client driver(cluster, "echo error while loading shared libraries >&2; exit 127\n", "application app-1");
  SECTION("it ends at once") {
    driver.registerApplication();
    const auto gone = driver.inbox.next<p::ExecutorGone>();
    CHECK(gone.how.exit_status == 127);
    CHECK(gone.how.log_end == "error while loading shared libraries");
    CHECK(driver.inbox.next<p::ExecutorGone>().executor > gone.executor);  // another one was tried
  }
  SECTION("no process serves its program") {
    driver.program.file.port = 1;
    driver.registerApplication();
    const auto gone = driver.inbox.next<p::ExecutorGone>();
    CHECK_THAT(gone.how.reason, Catch::Contains("127.0.0.1:1") && Catch::Contains("/not/on/the/worker/program"));
  }
}

TEST_CASE("a worker that gets no thread for an executor says so and lives", "[cluster-manager][cluster]") {
  Cluster cluster;
  cluster.startWorker();
  Client driver(cluster, "exec sleep 100\n", "application app-1");
  REQUIRE(eventually([&] { return cluster.manager->json().find("\"aliveworkers\":1") != std::string::npos; }));
  {
    const testing::NoThreads exhausted;
    driver.registerApplication();
    const auto gone = driver.inbox.next<p::ExecutorGone>();
    CHECK(gone.how.exit_status == 127);
    CHECK_THAT(gone.how.reason, Catch::Contains("no thread"));
  }
  CHECK(driver.inbox.next<p::ExecutorRunning>().executor > 0);
}

TEST_CASE("a driver in the cluster runs, its output arrives, and its end is reported", "[cluster-manager][cluster]") {
  Cluster cluster;
  cluster.startWorker();
  Client submitter(cluster, "echo got $1 $CERIUM_DRIVER_ID $SETTING; echo bad >&2; exit 7\n", "driver driver-1");
  submitter.program.arguments = {"one argument"};
  p::DriverOrder order;
  order.driver = "driver-1";
  order.name = "test";
  order.program = submitter.program;
  order.environment = {{"SETTING", "set"}};
  order.memory = 1 << 20;
  submitter.send(p::SubmitDriver{order});
  p::DriverStatus status;
  while (status.state != "FAILED" && status.state != "FINISHED") status = submitter.inbox.next<p::DriverStatus>();
  CHECK(status.state == "FAILED");
  CHECK(status.exit_status == 7);
  CHECK_THAT(submitter.output(), Catch::Contains("out:got one argument driver-1 set\n"));
  CHECK_THAT(submitter.output(), Catch::Contains("err:bad\n"));
  CHECK(testing::contentsOf(cluster.folder / "work/driver-1/stdout") == "got one argument driver-1 set\n");
}

TEST_CASE("the end of a driver is reported when its submitter has its whole output", "[cluster-manager][cluster]") {
  Cluster cluster;
  cluster.startWorker();
  Client submitter(cluster, "head -c 3000000 /dev/zero | tr '\\0' x\n", "driver driver-1");
  submitter.time_for_output = std::chrono::milliseconds(20);  // like a slow network
  p::DriverOrder order;
  order.driver = "driver-1";
  order.program = submitter.program;
  order.memory = 1 << 20;
  submitter.send(p::SubmitDriver{order});
  p::DriverStatus status;
  while (status.state != "FAILED" && status.state != "FINISHED") status = submitter.inbox.next<p::DriverStatus>();
  const std::string output = submitter.output();
  CHECK(std::count(output.begin(), output.end(), 'x') == 3'000'000);
}

TEST_CASE("a driver in the cluster finds its submitter's files by their names", "[cluster-manager][cluster]") {
  Cluster cluster;
  cluster.startWorker();
  Client submitter(cluster, "echo \"files: $CERIUM_FILES\"; cat files/table; echo changed > files/table\n",
                   "driver driver-1");
  p::DriverOrder order;
  order.driver = "driver-1";
  order.program = submitter.program;
  order.files = {submitter.program.file};
  order.files[0].path = "/not/on/the/worker/table";
  order.memory = 1 << 20;
  submitter.send(p::SubmitDriver{order});
  p::DriverStatus status;
  while (status.state != "FAILED" && status.state != "FINISHED") status = submitter.inbox.next<p::DriverStatus>();
  CHECK(status.state == "FINISHED");
  CHECK_THAT(submitter.output(), Catch::Contains("files: " + cluster.folder / "work/driver-1/files/table\n"));
  CHECK_THAT(submitter.output(), Catch::Contains("cat files/table"));  // the script's own text
  CHECK_THAT(testing::contentsOf(cluster.folder / "work/fetched/" + order.program.file.hash),
             Catch::Contains("cat files/table"));  // not the driver's changed copy
  // After the end, the output is kept and copies of the submitter's files are deleted.
  CHECK_FALSE(std::filesystem::exists(cluster.folder / "work/driver-1/files"));
  CHECK(std::filesystem::exists(cluster.folder / "work/driver-1/stdout"));
}

TEST_CASE("a worker keeps the folders of the children that ended last", "[cluster-manager][cluster]") {
  Cluster cluster;
  const auto old = [&](int i) { return cluster.folder / ("work/app-old-" + std::to_string(i)); };
  const auto hour = [](int i) { return std::filesystem::file_time_type::clock::now() - std::chrono::hours(i); };
  for (int i = 1; i <= 200; ++i) {
    std::filesystem::create_directories(old(i));
    std::filesystem::last_write_time(old(i), hour(i));
  }
  cluster.startWorker();
  // The folder of any kind of child counts by its end, even if the folder itself is older than all others.
  Client submitter(cluster, "touch -d '300 hours ago' .\n", "driver driver-1");
  p::DriverOrder order;
  order.driver = "driver-1";
  order.program = submitter.program;
  order.memory = 1 << 20;
  submitter.send(p::SubmitDriver{order});
  CHECK(eventually([&] { return !std::filesystem::exists(old(200)); }));
  CHECK(std::filesystem::exists(old(199)));
  CHECK(std::filesystem::exists(cluster.folder / "work/driver-1/stdout"));
}

TEST_CASE("a driver whose submitter is gone says what is missing, and runs on workers that have it",
          "[cluster-manager][cluster]") {
  const bool has_been = GENERATE(true, false);
  Cluster cluster;
  cluster.startWorker();
  Client submitter(cluster, "echo hello\n", "driver driver-1");
  const auto submit = [&](const std::string& id) {
    p::DriverOrder order;
    order.driver = id;
    order.program = submitter.program;
    order.memory = 1 << 20;
    submitter.send(p::SubmitDriver{order});
    for (;;) {
      auto status = submitter.inbox.next<p::DriverStatus>();
      if (status.driver == id && status.state != "WAITING" && status.state != "RUNNING") return status;
    }
  };
  if (has_been) REQUIRE(submit("driver-1").state == "FINISHED");
  submitter.program.file.port = 1;  // a port without a listener
  const p::DriverStatus status = submit("driver-2");
  CHECK(status.state == (has_been ? "FINISHED" : "FAILED"));
  if (!has_been) CHECK_THAT(status.detail, Catch::Contains("the `cerium submit` that serves it"));
}

TEST_CASE("a driver in the cluster can be ended", "[cluster-manager][cluster]") {
  Cluster cluster;
  cluster.startWorker();
  Client submitter(cluster, "exec sleep 100\n", "driver driver-1");
  p::DriverOrder order;
  order.driver = "driver-1";
  order.program = submitter.program;
  order.memory = 1 << 20;
  submitter.send(p::SubmitDriver{order});
  p::DriverStatus status;
  while (status.state != "RUNNING") status = submitter.inbox.next<p::DriverStatus>();
  submitter.send(p::KillDriver{"driver-1"});
  while (status.state != "KILLED") status = submitter.inbox.next<p::DriverStatus>();
  CHECK(status.driver == "driver-1");
}

TEST_CASE("an executor does not notice that its manager is restarted", "[cluster-manager][cluster]") {
  Cluster cluster;
  cluster.startWorker();
  const uint16_t port = cluster.manager->endpoint().port;
  int64_t executor = -1;
  {
    Client driver(cluster, "exec sleep 100\n", "application app-1");
    driver.registerApplication();
    executor = driver.inbox.next<p::ExecutorRunning>().executor;
    cluster.manager.reset();
  }
  CHECK_THAT(cluster.worker->json(), Catch::Contains("\"RUNNING\""));
  cluster.startManager(port);
  Client driver(cluster, "exec sleep 100\n", "application app-1");
  driver.registerApplication({executor});
  CHECK(eventually([&] { return cluster.manager->json().find("\"aliveworkers\":1") != std::string::npos; }));
  CHECK_THAT(cluster.worker->json(), Catch::Contains("\"finishedexecutors\":[]"));
  driver.send(p::ReleaseExecutor{executor, "seen enough"});
  const auto gone = driver.inbox.next<p::ExecutorGone>();
  CHECK(gone.executor == executor);
  CHECK(gone.how.reason == "seen enough");
}

TEST_CASE("a worker that is asked to leave does so when its executors have", "[cluster-manager][cluster]") {
  Cluster cluster;
  cluster.startWorker();
  Client driver(cluster, "exec sleep 100\n", "application app-1");
  driver.registerApplication();
  const auto running = driver.inbox.next<p::ExecutorRunning>();
  cluster.worker->leave();
  SECTION("they move away") {
    const auto leaving = driver.inbox.next<p::ExecutorLeaving>();
    CHECK(leaving.executor == running.executor);
    driver.send(p::ReleaseExecutor{leaving.executor, "moved away"});
  }
  SECTION("or it is told again") { cluster.worker->leave(); }
  CHECK(cluster.workerLeaves());
}

TEST_CASE("a worker's web port answers", "[cluster-manager][cluster]") {
  Cluster cluster;
  cluster.startWorker();
  const std::string url = "http://127.0.0.1:" + std::to_string(cluster.worker->webPort());
  CHECK_THAT(http::httpGet(url + "/healthz").body, Catch::StartsWith("ok"));
  CHECK_THAT(http::httpGet(url + "/json").body, Catch::Contains("\"cores\":2"));
  const std::string page = http::httpGet(url + "/api/cerium/v1/worker").body;
  CHECK_THAT(page, Catch::Contains("\"cores\":2,\"coresUsed\":0") && Catch::Contains(cluster.worker->id()));
  CHECK_THAT(http::httpGet(url + "/metrics").body, Catch::Contains("cerium_worker_cores{state=\"free\"} 2\n"));
  CHECK_THAT(http::httpGet(url + "/api/cerium/v1/session").body, Catch::Contains("\"canChange\":false"));
}

TEST_CASE("the manager's port shows the pages of its workers", "[cluster-manager][cluster]") {
  Cluster cluster;
  cluster.startWorker();
  const std::string root = "http://127.0.0.1:" + std::to_string(cluster.manager->webPort());
  const std::string pages = root + "/proxy/" + cluster.worker->id();
  REQUIRE(eventually([&] { return http::httpGet(pages + "/healthz").body == "ok\n"; }));
  CHECK_THAT(http::httpGet(root + "/api/cerium/v1/cluster").body,
             Catch::Contains("\"uiPath\":\"proxy/" + cluster.worker->id() + "/\""));
  CHECK_THAT(http::httpGet(pages + "/api/cerium/v1/worker").body,
             Catch::Contains(cluster.worker->id()) && Catch::Contains("\"managerUi\":\"../../\""));
  CHECK_THAT(http::httpGet(pages + "/api/cerium/v1/session").body, Catch::Contains("\"pages\":\"worker\""));
  const http::Response moved = http::httpGet(pages);
  CHECK(moved.status == 308);
  const bool names_slash = std::any_of(moved.headers.begin(), moved.headers.end(), [&](const auto& header) {
    return header.first == "Location" && header.second == cluster.worker->id() + "/";
  });
  CHECK(names_slash);
  CHECK(http::httpGet(root + "/proxy/another/healthz").status == 404);
  CHECK(http::httpGet(root + "/proxy/" + cluster.worker->id() + "%2f..%2f../x").status == 404);
  CHECK(http::httpGet(root + "/proxy//" + cluster.worker->id() + "/healthz").status == 404);
}

TEST_CASE("a worker whose loop is stuck says so on its web port", "[cluster-manager][cluster]") {
  Cluster cluster;
  cluster.startWorker();
  const std::string url = "http://127.0.0.1:" + std::to_string(cluster.worker->webPort()) + "/healthz";
  CHECK(http::httpGet(url).status == 200);
  {
    const std::lock_guard hold(cluster.mutex);  // the worker's report waits for this lock, and with it its loop
    cluster.worker->leave();
    REQUIRE(eventually([&] { return http::httpGet(url).status == 503; }));
    CHECK_THAT(http::httpGet(url).body, Catch::StartsWith("stuck: ") && Catch::Contains(cluster.folder / "work"));
  }
  CHECK(eventually([&] { return http::httpGet(url).status == 200; }));
}

TEST_CASE("a worker whose secret cannot be used does not start", "[cluster-manager][cluster]") {
  Cluster cluster;
  ::chmod(cluster.secret_file.c_str(), 0644);
  CHECK_THROWS_AS(cluster.startWorker(), InvalidArgument);
}

}  // namespace cerium::cluster_manager
