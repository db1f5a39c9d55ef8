// Cerium. Licensed under the Apache License 2.0.
// `cerium submit` in cluster mode: a worker runs the program, this process hands it out and listens to what it prints.
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/rpc/local_address.h"
#include "base/util/config_values.h"
#include "base/util/error.h"
#include "base/util/new_id.h"
#include "cli/submit_run.h"
#include "driver/file_server.h"

namespace cerium::cli {
namespace {

using namespace protocol;

constexpr std::chrono::seconds kManagerBack{60};
constexpr std::chrono::seconds kOutputEnd{2};
constexpr int kInterrupted = 130;  // as a shell says it

/// The same for all managers of a cluster: of the first whose is known.
std::string clusterSecret(const ManagerAddresses& managers) {
  std::string failures;
  for (const auto& each : managers.endpoints) {
    rpc::SecretQuery query = managers.secret;
    query.host = each.host;
    query.port = each.port;
    try {
      return rpc::findClusterSecret(query).value;
    } catch (const IoError& e) {
      failures += failures.empty() ? e.what() : std::string("; ") + e.what();
    }
  }
  throw IoError(failures);
}

void print(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return;
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
  }
}

/// Where workers get the program and its files, and bring what it prints.
class Desk {
 public:
  Desk(const std::vector<std::string>& paths, const std::string& secret, const rpc::Endpoint& manager)
      : server_(paths) {
    rpc::TransportOptions options;
    options.secret = secret;
    options.thread_name = "cerium-desk";
    transport_ = rpc::makeTcpTransport(options);
    at_ = transport_->listen({rpc::addressTowards(manager), 0}, [this](const rpc::ConnectionPtr&) {
      {
        std::lock_guard lock(mutex_);
        ++open_;
      }
      return rpc::Handlers{[this](const rpc::ConnectionPtr& from, const Bytes& bytes) { onMessage(from, bytes); },
                           [this](const rpc::ConnectionPtr&, const std::string&) {
                             std::lock_guard lock(mutex_);
                             --open_;
                             changed_.notify_all();
                           }};
    });
  }

  /// In the order of the paths.
  [[nodiscard]] std::vector<ServedFile> files() const { return server_.describe(at_); }

  /// Until no worker has more to bring; the end of a program may be heard of before its last words.
  void waitForOutput() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kOutputEnd, [this] { return open_ == 0; });
  }

 private:
  void onMessage(const rpc::ConnectionPtr& from, const Bytes& bytes) {
    const auto message = decodeCluster(bytes);
    if (const auto* fetch = std::get_if<FetchFile>(&message)) {
      server_.answer(from, *fetch);
    } else if (const auto* output = std::get_if<DriverOutput>(&message)) {
      print(output->to_stderr ? STDERR_FILENO : STDOUT_FILENO, output->bytes.view());
    } else {
      throw CorruptData("it sends messages that are not for submitters");
    }
  }

  const FileServer server_;
  rpc::Endpoint at_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int open_ = 0;  // guarded by mutex_; connections
  std::unique_ptr<rpc::Transport> transport_;
};

bool isFinal(const DriverStatus& status) {
  static const std::set<std::string> kFinal = {"FINISHED", "FAILED", "KILLED", "LOST", "UNKNOWN"};
  return kFinal.contains(status.state);
}

std::string describe(const DriverStatus& status) {
  std::string text = status.driver + ": " + status.state;
  if (!status.host.empty()) text += " on " + status.host;
  if (!status.detail.empty()) text += ": " + status.detail;
  return text;
}

int exitStatusOf(const DriverStatus& status) {
  if (status.state == "FINISHED") return status.exit_status;
  return status.exit_status != 0 ? status.exit_status : 1;
}

/// The driver's story, as its manager (and the next one) tells it.
class Follower {
 public:
  Follower(SignalQueue& signals, const ManagerAddresses& managers, DriverOrder order)
      : signals_(signals), managers_(managers), driver_(order.driver), to_say_(AskDriver{driver_}) {
    client_ = std::make_unique<ManagerClient>(managers_, SubmitDriver{std::move(order)}, SignalQueue::wake);
  }

  /// To the driver's end, or the user's.
  int follow() {
    for (;;) {
      if (const auto status = hear()) return exitStatusOf(*status);
      const auto taken = signals_.next(std::chrono::seconds(1));
      if (!taken || taken->signal == 0) continue;
      if (taken->signal == SIGINT && ++interrupts_ <= 2) {
        interrupt();
        continue;
      }
      fmt::print(stderr, "{} is left to the cluster; its state: cerium submit --master {} --status {}\n", driver_,
                 managers_.url, driver_);
      return taken->signal == SIGINT ? kInterrupted : 128 + taken->signal;
    }
  }

 private:
  /// All that came; the driver's last state when that is among it.
  std::optional<DriverStatus> hear() {
    try {
      if (!client_ && !reconnect()) return std::nullopt;
      while (auto message = client_->next(std::chrono::milliseconds(0))) {
        const auto* status = std::get_if<DriverStatus>(&*message);
        if (status == nullptr || status->driver != driver_) continue;
        if (const std::string line = describe(*status); line != said_) fmt::print(stderr, "{}\n", said_ = line);
        if (isFinal(*status)) return *status;
      }
    } catch (const IoError& e) {
      fmt::print(stderr, "{}; waits for the manager to come back\n", e.what());
      client_.reset();
      lost_at_ = std::chrono::steady_clock::now();
    }
    return std::nullopt;
  }

  void interrupt() {
    if (interrupts_ == 1) {
      fmt::print(stderr, "cancels the jobs of {}; once more ends it\n", driver_);
      to_say_ = InterruptDriver{driver_};
    } else {
      fmt::print(stderr, "ends {}; once more does not wait for that\n", driver_);
      to_say_ = KillDriver{driver_};
    }
    if (client_) client_->send(std::exchange(to_say_, AskDriver{driver_}));
  }

  bool reconnect() {
    try {
      client_ = std::make_unique<ManagerClient>(managers_, to_say_, SignalQueue::wake);
      to_say_ = AskDriver{driver_};
      return true;
    } catch (const IoError& e) {
      if (std::chrono::steady_clock::now() - lost_at_ < kManagerBack) return false;
      throw Error(fmt::format("{}; {} may still run: ask with --status", e.what(), driver_));
    }
  }

  SignalQueue& signals_;
  const ManagerAddresses& managers_;
  const std::string driver_;
  std::unique_ptr<ManagerClient> client_;  // empty while no manager is there
  std::chrono::steady_clock::time_point lost_at_;
  std::string said_;
  int interrupts_ = 0;
  ClusterMessage to_say_;  // to the next manager
};

}  // namespace

int runInCluster(SignalQueue& signals, const SubmitFlags& flags, const Conf& conf, const ManagerAddresses& managers) {
  DriverOrder order;
  order.driver = newId("driver");
  order.name = conf.get("cerium.app.name", std::filesystem::path(flags.command.front()).filename().string());
  order.environment = clusterEnvironment(conf);
  order.cores = static_cast<int32_t>(conf.getInt("cerium.driver.cores"));
  order.memory = static_cast<uint64_t>(conf.getSize("cerium.driver.memory"));
  order.supervise = flags.supervise;
  auto paths = parseList(conf.getString("cerium.files"));
  paths.insert(paths.begin(), flags.command.front());
  for (auto& path : paths) path = std::filesystem::absolute(path).lexically_normal().string();
  Desk desk(paths, rpc::deriveSecret(clusterSecret(managers), "driver " + order.driver), managers.endpoints.front());
  auto files = desk.files();
  order.program = {files.front(), {flags.command.begin() + 1, flags.command.end()}};
  order.files.assign(files.begin() + 1, files.end());
  Follower follower(signals, managers, std::move(order));
  const int status = follower.follow();
  desk.waitForOutput();
  return status;
}

int askAboutDriver(const ManagerAddresses& managers, const ClusterMessage& question) {
  ManagerClient client(managers, question);
  const auto answer = client.next(std::chrono::milliseconds(0));
  const auto* status = answer ? std::get_if<DriverStatus>(&*answer) : nullptr;
  if (status == nullptr)
    throw Error(fmt::format("the manager at {} gives no answer that fits", client.manager().str()));
  fmt::print("{}\n", describe(*status));
  return status->state == "UNKNOWN" ? 1 : 0;
}

}  // namespace cerium::cli
