// Cerium. Licensed under the Apache License 2.0.
// `cerium submit` to a misbehaving cluster, which the test plays.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/protocol/cluster_messages.h"
#include "base/rpc/secrets.h"
#include "base/rpc/transport.h"
#include "base/util/child_process.h"
#include "tests/support/command.h"

namespace cerium {
namespace {

using namespace protocol;
using testing::Submit;

constexpr std::chrono::seconds kLimit{30};
constexpr const char* kSecret = "the secret of this cluster";

rpc::TransportOptions withSecret(const std::string& secret) {
  rpc::TransportOptions options;
  options.secret = secret;
  return options;
}

void say(const rpc::ConnectionPtr& to, const ClusterMessage& message) { to->send(encodeCluster(message)); }

/// Answers each message as the test says, on a thread of its own.
class FakeManager {
 public:
  using OnMessage = std::function<void(const rpc::ConnectionPtr&, const ClusterMessage&)>;

  explicit FakeManager(OnMessage onMessage) : transport_(rpc::makeTcpTransport(withSecret(kSecret))) {
    at_ = transport_->listen({"127.0.0.1", 0}, [onMessage](const rpc::ConnectionPtr&) -> rpc::Handlers {
      return {
          [onMessage](const rpc::ConnectionPtr& from, const Bytes& bytes) { onMessage(from, decodeCluster(bytes)); },
          [](const rpc::ConnectionPtr&, const std::string&) {}};
    });
  }

  [[nodiscard]] std::string url() const { return "cerium://" + at_.str(); }

 private:
  std::unique_ptr<rpc::Transport> transport_;
  rpc::Endpoint at_;
};

DriverStatus statusOf(const std::string& driver, const std::string& state) {
  return {driver, state, "worker-1", "node1", "", 0};
}

/// A submitter that knows the cluster's secret.
struct Submitter : Submit {
  Submitter() {
    environment["CERIUM_AUTHENTICATE_SECRET_FILE"] = folder.write("secret", std::string(kSecret) + "\n");
    ::chmod((folder / "secret").c_str(), 0600);
  }
};

/// A named pipe, which is not being read at first.
class Pipe {
 public:
  explicit Pipe(const std::string& path) : path_(path) {
    if (::mkfifo(path.c_str(), 0600) == 0) fd_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) throw std::runtime_error("cannot make a pipe");
  }
  ~Pipe() { ::close(fd_); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Reads until `ended` is ready, or the limit.
  template <class T>
  [[nodiscard]] std::string readUntil(const std::shared_future<T>& ended) const {
    std::string text;
    std::vector<char> piece(1 << 16);
    for (const auto deadline = std::chrono::steady_clock::now() + kLimit;
         std::chrono::steady_clock::now() < deadline;) {
      const bool was_over = ended.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
      pollfd ready{fd_, POLLIN, 0};
      const ssize_t n = ::poll(&ready, 1, 20) > 0 ? ::read(fd_, piece.data(), piece.size()) : 0;
      if (n > 0) text.append(piece.data(), static_cast<size_t>(n));
      if (n <= 0 && was_over) break;
    }
    return text;
  }

 private:
  const std::string path_;
  int fd_ = -1;
};

}  // namespace

TEST_CASE("an order whose answer is lost is sent again", "[cli][submit]") {
  std::mutex mutex;
  std::vector<std::string> ordered;  // guarded by mutex
  const FakeManager manager([&](const rpc::ConnectionPtr& from, const ClusterMessage& message) {
    const auto* submitted = std::get_if<SubmitDriver>(&message);
    if (submitted == nullptr) return say(from, statusOf("driver", "UNKNOWN"));
    std::lock_guard lock(mutex);
    ordered.push_back(submitted->order.driver);
    if (ordered.size() == 1) return from->close();
    say(from, statusOf(submitted->order.driver, "FINISHED"));
  });
  Submitter submit;
  const auto result = submit.run({"--master", manager.url(), "--deploy-mode", "cluster", submit.script("exit 0\n")});
  INFO(result.err);
  CHECK(result.status == 0);
  std::lock_guard lock(mutex);
  REQUIRE(ordered.size() == 2);
  CHECK(ordered[0] == ordered[1]);
  CHECK_THAT(result.err, Catch::Contains("waiting for the manager to come back"));
  CHECK_THAT(result.err, Catch::Contains(ordered[0] + ": FINISHED on node1"));
}

TEST_CASE("if no manager can be asked, nothing is submitted", "[cli][submit]") {
  Submitter submit;
  const auto result =
      submit.run({"--master", "cerium://127.0.0.1:1", "--deploy-mode", "cluster", submit.script("exit 0\n")});
  CHECK(result.status == 1);
  CHECK_THAT(result.err, Catch::Contains("no manager is in charge") && Catch::Contains("127.0.0.1:1"));
  CHECK_THAT(result.err, !Catch::Contains("waits for"));
}

TEST_CASE("a manager's report on a driver is printed as text, whatever its bytes", "[cli][submit]") {
  const FakeManager manager([](const rpc::ConnectionPtr& from, const ClusterMessage&) {
    DriverStatus status = statusOf("driver-1", "FAILED");
    status.detail = "it said: \x1b[2J\xff";
    say(from, status);
  });
  Submitter submit;
  CHECK(submit.run({"--master", manager.url(), "--status", "driver-1"}).out ==
        "driver-1: FAILED on node1: it said: \\x1B[2J\\xFF\n");
}

TEST_CASE("submit --kill reports how the driver ended, or that it has not ended", "[cli][submit]") {
  const bool ends = GENERATE(true, false);
  const FakeManager manager([ends](const rpc::ConnectionPtr& from, const ClusterMessage& message) {
    const std::string& driver = std::get<KillDriver>(message).driver;
    say(from, statusOf(driver, "RUNNING"));
    if (ends) say(from, statusOf(driver, "KILLED"));
    if (!ends) from->close();
  });
  Submitter submit;
  const auto result = submit.run({"--master", manager.url(), "--kill", "driver-1"});
  CHECK(result.status == 0);
  if (ends) {
    CHECK(result.out == "driver-1: KILLED on node1\n");
  } else {
    CHECK_THAT(result.out, Catch::StartsWith("driver-1: RUNNING on node1\n") && Catch::Contains("has not ended yet") &&
                               Catch::Contains("--status driver-1"));
  }
}

TEST_CASE("a submitter whose output is not read takes the driver's output, and ends when told to", "[cli][submit]") {
  std::promise<std::pair<rpc::ConnectionPtr, DriverOrder>> taken;
  const FakeManager manager([&](const rpc::ConnectionPtr& from, const ClusterMessage& message) {
    const DriverOrder& order = std::get<SubmitDriver>(message).order;
    say(from, statusOf(order.driver, "RUNNING"));
    taken.set_value({from, order});
  });
  Submitter submit;
  const Pipe pipe(submit.folder / "pipe");
  ChildOrder order = submit.order({"--master", manager.url(), "--deploy-mode", "cluster", submit.script("exit 0\n")});
  order.log_file = pipe.path();
  std::promise<int> ended;
  const std::shared_future<int> end = ended.get_future().share();
  ChildProcess process(order,
                       [&](const ChildEnd& how) { ended.set_value(how.signal > 0 ? -how.signal : how.exit_status); });
  auto wanted = taken.get_future();
  REQUIRE(wanted.wait_for(kLimit) == std::future_status::ready);
  const auto [follower, driver] = wanted.get();

  // 100 MiB: more than waits for a reader.
  constexpr size_t kPieces = 100;
  constexpr size_t kPieceBytes = 1 << 20;
  auto worker = rpc::makeTcpTransport(withSecret(rpc::deriveSecret(kSecret, "driver " + driver.driver)));
  const auto connection = worker->connect(
      {driver.program.file.host, driver.program.file.port},
      {[](const rpc::ConnectionPtr&, const Bytes&) {}, [](const rpc::ConnectionPtr&, const std::string&) {}});
  for (size_t i = 0; i < kPieces; ++i)
    connection->send(encodeCluster(DriverOutput{driver.driver, false, Bytes(std::string(kPieceBytes, 'o'))}));
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  while (connection->queuedBytes() > 0 && std::chrono::steady_clock::now() < deadline) ::usleep(5'000);
  CHECK(connection->queuedBytes() == 0);
  connection->close();

  SECTION("it is told to end") {
    process.kill(SIGTERM);
    REQUIRE(end.wait_for(kLimit) == std::future_status::ready);
    CHECK(end.get() == 128 + SIGTERM);
  }
  SECTION("its output is read later") {
    say(follower, statusOf(driver.driver, "FINISHED"));
    const std::string text = pipe.readUntil(end);
    REQUIRE(end.wait_for(kLimit) == std::future_status::ready);
    CHECK(end.get() == 0);
    CHECK(text.find("bytes are missing here") != std::string::npos);
    CHECK(text.find(": FINISHED on node1") != std::string::npos);
    const auto printed = static_cast<size_t>(std::count(text.begin(), text.end(), 'o'));
    CHECK(printed >= (size_t{60} << 20));
    CHECK(printed < kPieces * kPieceBytes);
  }
}

}  // namespace cerium
