// Cerium. Licensed under the Apache License 2.0.
// A whole manager over TCP, with a worker and a driver that the test plays: restarted, taken over by a standby, and
// asked over the web.
#include "cluster-manager/manager/manager.h"

#include <sys/stat.h>

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/protocol/cluster_messages.h"
#include "base/util/error.h"
#include "base/util/log.h"
#include "tests/support/temp_folder.h"
#include "web-ui/http/client.h"
#include "web-ui/http/web_port.h"

namespace cerium::cluster_manager {
namespace {

using cerium::testing::TempFolder;
using namespace protocol;

constexpr auto kPatience = std::chrono::seconds(20);

/// A connection to a manager and its messages. Threads: the test's thread, beside the transport's.
class Peer {
 public:
  Peer(const rpc::Endpoint& manager, const std::string& secret)
      : transport_(rpc::makeTcpTransport(optionsWith(secret))) {
    rpc::Handlers handlers;
    handlers.onMessage = [this](const rpc::ConnectionPtr&, const Bytes& message) {
      std::lock_guard lock(mutex_);
      heard_.push_back(decodeCluster(message));
      changed_.notify_all();
    };
    handlers.onClose = [this](const rpc::ConnectionPtr&, const std::string&) {
      std::lock_guard lock(mutex_);
      closed_ = true;
      changed_.notify_all();
    };
    connection_ = transport_->connect(manager, handlers);
  }

  void says(const ClusterMessage& message) { connection_->send(encodeCluster(message)); }
  void saysBytes(Bytes bytes) { connection_->send(std::move(bytes)); }

  /// Waits for the next message of this kind and takes it; nothing if none comes.
  template <class Message>
  std::optional<Message> hears() {
    std::unique_lock lock(mutex_);
    std::optional<Message> found;
    changed_.wait_for(lock, kPatience, [&] {
      for (auto it = heard_.begin(); it != heard_.end(); ++it) {
        auto* message = std::get_if<Message>(&*it);
        if (message == nullptr) continue;
        found = std::move(*message);
        heard_.erase(it);
        return true;
      }
      return closed_;
    });
    return found;
  }
  bool isClosed() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return closed_; });
  }

 private:
  static rpc::TransportOptions optionsWith(const std::string& secret) {
    rpc::TransportOptions options;
    options.secret = secret;
    return options;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ClusterMessage> heard_;  // guarded by mutex_
  bool closed_ = false;                // guarded by mutex_
  std::unique_ptr<rpc::Transport> transport_;
  rpc::ConnectionPtr connection_;
};

ManagerOptions optionsIn(const TempFolder& folder, uint16_t port = 0) {
  log::setLevel(log::Level::kOff);
  ManagerOptions options;
  options.listen.port = port;
  options.web_port = 0;
  options.secret = "open sesame";
  options.recovery_dir = folder / "recovery";
  return options;
}

RegisterWorker someWorker(bool with_executor) {
  RegisterWorker message;
  message.worker = "worker-1";
  message.host = "host";
  message.cores = 2;
  message.memory = uint64_t{1} << 30;
  if (with_executor) message.executors = {{"app-1", 0, 2, 1 << 20}};
  return message;
}

RegisterApplication someApplication(bool with_executor) {
  RegisterApplication message;
  message.application = "app-1";
  message.driver_host = "host";
  message.driver_port = 1;
  message.executor_cores = 2;
  message.executor_memory = 1 << 20;
  if (with_executor) message.executors = {0};
  return message;
}

std::string webPage(const Manager& manager, const std::string& path) {
  return http::httpGet("http://127.0.0.1:" + std::to_string(manager.webPort()) + path).body;
}

}  // namespace

TEST_CASE("a manager that is restarted finds its worker and application again", "[cluster-manager]") {
  const TempFolder folder;
  auto manager = std::make_unique<Manager>(optionsIn(folder));
  const rpc::Endpoint endpoint = manager->endpoint();
  {
    Peer worker(endpoint, "open sesame");
    worker.says(someWorker(false));
    const auto accepted = worker.hears<WorkerAccepted>();
    REQUIRE(accepted);
    CHECK(accepted->manager == managerUrl(endpoint));
    Peer driver(endpoint, "open sesame");
    driver.says(someApplication(false));
    CHECK(driver.hears<ExecutorGranted>()->cores == 2);
    CHECK(worker.hears<LaunchExecutor>()->executor == 0);
    CHECK_THAT(webPage(*manager, "/json"), Catch::Contains(R"("coresused":2)"));
    manager.reset();
    CHECK(worker.isClosed());
    CHECK(driver.isClosed());
  }
  manager = std::make_unique<Manager>(optionsIn(folder, endpoint.port));
  CHECK_THAT(webPage(*manager, "/json"), Catch::Contains(R"("status":"RECOVERING")"));
  Peer driver(endpoint, "open sesame");
  driver.says(someApplication(true));
  REQUIRE(driver.hears<ApplicationAccepted>());
  Peer worker(endpoint, "open sesame");
  worker.says(someWorker(true));
  REQUIRE(worker.hears<WorkerAccepted>());
  worker.says(ExecutorStarted{"app-1", 0, "host:log"});
  CHECK(driver.hears<ExecutorRunning>()->log == "host:log");  // the first executor, not one in its place
  CHECK_THAT(manager->json(), Catch::Contains(R"("status":"ALIVE")"));
  CHECK(webPage(*manager, "/healthz") == "ok\n");
}

TEST_CASE("a standby refuses everyone until the manager in charge is gone, and then knows what that knew",
          "[cluster-manager]") {
  const TempFolder folder;
  auto first = std::make_unique<Manager>(optionsIn(folder));
  CHECK_THROWS_WITH(Manager(optionsIn(folder)), Catch::Contains("--standby"));
  ManagerOptions options = optionsIn(folder);
  options.standby = true;
  const Manager second(options);
  CHECK_FALSE(second.isInCharge());
  CHECK(webPage(second, "/healthz") == "standby\n");
  CHECK_THAT(webPage(second, "/json"), Catch::Contains("STANDBY"));
  {
    Peer worker(first->endpoint(), "open sesame");
    worker.says(someWorker(false));
    REQUIRE(worker.hears<WorkerAccepted>());
    Peer refused(second.endpoint(), "open sesame");
    refused.says(someWorker(false));
    CHECK(refused.hears<Refused>()->standby);
    CHECK(refused.isClosed());
  }
  // A worker whose connection breaks is lost, so the worker that the second manager shall know must stay to the end.
  Peer worker(first->endpoint(), "open sesame");
  worker.says(someWorker(false));
  REQUIRE(worker.hears<WorkerAccepted>());
  first.reset();
  for (int tries = 0; tries < 2'000 && !second.isInCharge(); ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE(second.isInCharge());
  CHECK_THAT(second.json(), Catch::Contains(R"("id":"worker-1")") && Catch::Contains("RECOVERING"));
  Peer again(second.endpoint(), "open sesame");
  again.says(someWorker(false));
  CHECK(again.hears<WorkerAccepted>()->manager == managerUrl(second.endpoint()));
}

TEST_CASE("a manager that waits for its folder says so on its web port", "[cluster-manager]") {
  const TempFolder folder;
  auto first = std::make_unique<Manager>(optionsIn(folder));
  ManagerOptions options = optionsIn(folder);
  options.standby = true;
  const Manager second(options);
  // A journal that is a pipe gives no bytes until a process writes, as one on an unreachable file server.
  const std::string journal = folder / "recovery/journal";
  std::filesystem::remove(journal);
  REQUIRE(::mkfifo(journal.c_str(), 0600) == 0);
  first.reset();
  const std::string url = "http://127.0.0.1:" + std::to_string(second.webPort()) + "/healthz";
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (http::httpGet(url).status == 200 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const http::Response answer = http::httpGet(url);
  CHECK(answer.status == 503);
  CHECK_THAT(answer.body, Catch::StartsWith("stuck: ") && Catch::Contains(folder / "recovery"));
  // lets the manager go on and fail; opening a pipe for both directions does not wait
  std::fstream(journal) << "the end";
}

TEST_CASE("a manager accepts peers with the secret, and disconnects peers that send garbage", "[cluster-manager]") {
  const TempFolder folder;
  const Manager manager(optionsIn(folder));
  CHECK_THROWS_AS(Peer(manager.endpoint(), ""), IoError);
  CHECK_THROWS_AS(Peer(manager.endpoint(), "open sesam"), IoError);
  Peer garbage(manager.endpoint(), "open sesame");
  garbage.saysBytes(Bytes("\xff\x01\x02"));
  CHECK(garbage.isClosed());
  Peer executor(manager.endpoint(), "open sesame");
  executor.says(LaunchExecutor{});
  CHECK(executor.isClosed());
  Peer worker(manager.endpoint(), "open sesame");
  worker.says(someWorker(false));
  CHECK(worker.hears<WorkerAccepted>());
  CHECK(manager.json().find("open sesame") == std::string::npos);
}

TEST_CASE("an application is killed from the manager's pages, with the token of their session", "[cluster-manager]") {
  const TempFolder folder;
  const Manager manager(optionsIn(folder));
  Peer driver(manager.endpoint(), "open sesame");
  driver.says(someApplication(false));
  REQUIRE(driver.hears<ApplicationAccepted>());
  CHECK_THAT(webPage(manager, "/api/cerium/v1/cluster"), Catch::Contains(R"("id":"app-1")"));
  CHECK_THAT(webPage(manager, "/metrics"), Catch::Contains("cerium_cluster_cores{state=\"free\"} 0\n"));
  CHECK(webPage(manager, "/readyz") == "ok\n");
  const std::string token(boost::json::parse(webPage(manager, "/api/cerium/v1/session")).at("token").as_string());
  const auto post = [&](const std::string& path, const std::string& with) {
    const std::string root = "http://127.0.0.1:" + std::to_string(manager.webPort()) + "/api/cerium/v1/cluster/";
    return http::fetch({.url = root + path, .method = "POST", .headers = {{"X-Cerium-Token", with}}}).status;
  };
  CHECK(post("applications/app-1/kill", "guess") == 403);
  CHECK(post("applications/app-2/kill", token) == 404);
  CHECK(post("drivers/app-1/kill", token) == 404);
  CHECK(post("workers/app-1/drain", token) == 404);
  CHECK(post("applications/app-1/kill", token) == 204);
  CHECK(driver.hears<ApplicationRemoved>());
  CHECK_THAT(webPage(manager, "/api/cerium/v1/cluster"), Catch::Contains(R"("status":"KILLED")"));
}

TEST_CASE("a manager on a wide address shows the cluster to those who know its secret", "[cluster-manager]") {
  const TempFolder folder;
  ManagerOptions options = optionsIn(folder);
  options.listen.host = "0.0.0.0";
  const Manager manager(options);
  const std::string token = http::clusterToken("open sesame");
  CHECK_THAT(manager.webLink(), Catch::EndsWith("/?token=" + token));
  const std::string url = "http://127.0.0.1:" + std::to_string(manager.webPort());
  CHECK(http::httpGet(url + "/healthz").status == 200);
  for (const std::string path : {"/json", "/metrics", "/api/cerium/v1/cluster", "/api/cerium/v1/cluster/changes"}) {
    INFO(path);
    CHECK(http::httpGet(url + path).status == 401);
  }
  CHECK(http::fetch({.url = url + "/json", .headers = {{"Authorization", "Bearer " + token}}}).status == 200);
}

TEST_CASE("names of programs are text in a manager's answers, whatever their bytes", "[cluster-manager]") {
  const TempFolder folder;
  const Manager manager(optionsIn(folder));
  RegisterApplication message = someApplication(false);
  message.name = "bad \xff and \x1b[2J";
  message.user = "Zo\xc3\xab";
  Peer driver(manager.endpoint(), "open sesame");
  driver.says(message);
  REQUIRE(driver.hears<ApplicationAccepted>());
  const std::string page = webPage(manager, "/json");
  CHECK_THAT(page, Catch::Contains(R"("name":"bad \\xFF and \\x1B[2J")"));
  CHECK_THAT(page, Catch::Contains("\"user\":\"Zo\xc3\xab\""));
}

TEST_CASE("a manager with an invalid journal or a used address does not start", "[cluster-manager]") {
  const TempFolder folder;
  const Manager manager(optionsIn(folder));
  const TempFolder other;
  CHECK_THROWS_WITH(Manager(optionsIn(other, manager.endpoint().port)), Catch::Contains("cannot listen on 127.0.0.1:"));
  ManagerOptions options = optionsIn(other);
  options.web_port = manager.webPort();
  CHECK_THROWS_WITH(Manager(options), Catch::Contains("--webui-port"));
  other.write("recovery/journal", "something else altogether");
  CHECK_THROWS_AS(Manager(optionsIn(other)), CorruptData);
}

TEST_CASE("a url names a machine that others reach", "[cluster-manager]") {
  CHECK(managerUrl({"127.0.0.1", 7077}) == "cerium://127.0.0.1:7077");
  CHECK(managerUrl({"::1", 7077}) == "cerium://[::1]:7077");
  CHECK(managerUrl({"0.0.0.0", 7077}).find("0.0.0.0") == std::string::npos);
}

}  // namespace cerium::cluster_manager
