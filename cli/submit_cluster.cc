// Cerium. Licensed under the Apache License 2.0.
// `cerium submit` in cluster mode: a worker runs the program; this process serves it to the worker and prints its
// output.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/config/config_values.h"
#include "base/rpc/local_address.h"
#include "base/util/error.h"
#include "base/util/mutex.h"
#include "base/util/new_id.h"
#include "base/util/printable.h"
#include "cli/printer.h"
#include "cli/submit_run.h"
#include "driver/provider/file_server.h"

namespace cerium::cli {
namespace {

using namespace protocol;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kManagerBack{60};
constexpr std::chrono::seconds kOutputEnd{5};
constexpr std::chrono::seconds kKillLimit{10};
constexpr std::chrono::milliseconds kLook{100};  // how often a wait for output looks for a signal
constexpr int kInterrupted = 130;                // as shells report it

/// Serves the program and its files to workers, and receives the driver's output.
class UploadServer {
 public:
  UploadServer(const std::vector<std::string>& paths, const std::string& secret,
               const std::vector<rpc::Endpoint>& managers, Printer& printer)
      : server_(paths), printer_(printer) {
    rpc::TransportOptions options;
    options.secret = secret;
    options.max_message_bytes = kMaxClusterMessage;
    options.thread_name = "cerium-upload";
    transport_ = rpc::makeTcpTransport(options);
    at_ = transport_->listen({rpc::addressTowards(managers), 0}, [this](const rpc::ConnectionPtr&) {
      {
        MutexLock lock(mutex_);
        ++open_;
      }
      return rpc::Handlers{[this](const rpc::ConnectionPtr& from, const Bytes& bytes) { onMessage(from, bytes); },
                           [this](const rpc::ConnectionPtr&, const std::string&) {
                             MutexLock lock(mutex_);
                             --open_;
                             changed_.notifyAll();
                           }};
    });
  }

  /// In the order of `paths`.
  [[nodiscard]] std::vector<ServedFile> files() const { return server_.describe(at_); }

  /// Waits for the driver's last output, which may come after the news of its end: until all workers have disconnected,
  /// or five seconds after the end and the last output. Returns false after `limit`.
  [[nodiscard]] bool waitForOutput(SteadyClock::time_point end, std::chrono::milliseconds limit) {
    const auto deadline = SteadyClock::now() + limit;
    MutexLock lock(mutex_);
    while (open_ > 0 && changed_.waitUntil(mutex_, deadline)) {
    }
    return open_ == 0 || SteadyClock::now() - std::max(last_output_, end) > kOutputEnd;
  }

 private:
  void onMessage(const rpc::ConnectionPtr& from, const Bytes& bytes) {
    const auto message = decodeCluster(bytes);
    if (const auto* fetch = std::get_if<FetchFile>(&message)) {
      server_.answer(from, *fetch);
    } else if (const auto* output = std::get_if<DriverOutput>(&message)) {
      printer_.print(output->to_stderr ? Printer::To::kStderr : Printer::To::kStdout, output->bytes.view());
      MutexLock lock(mutex_);
      last_output_ = SteadyClock::now();
    } else {
      throw CorruptData("it sends messages that are not for submitters");
    }
  }

  FileServer server_;
  Printer& printer_;  // outlives this object
  rpc::Endpoint at_;
  Mutex mutex_;
  CondVar changed_;
  int open_ CERIUM_GUARDED_BY(mutex_) = 0;  // connections
  SteadyClock::time_point last_output_ CERIUM_GUARDED_BY(mutex_);
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

/// The first line of a text. The driver's last lines arrive as output.
std::string firstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string howToAsk(const ManagerAddresses& managers, const std::string& driver) {
  return fmt::format("cerium submit --master {} --status {}", managers.url, driver);
}

int exitStatusOf(const DriverStatus& status) {
  if (status.state == "FINISHED") return status.exit_status;
  return status.exit_status != 0 ? status.exit_status : 1;
}

/// Follows the driver's state, across changes of the manager.
class Follower {
 public:
  /// `is_over`: the driver has ended. Otherwise the user left it to the cluster.
  struct Outcome {
    int status = 0;
    bool is_over = false;
  };

  Follower(SignalQueue& signals, const ManagerAddresses& managers, DriverOrder order, Printer& printer)
      : signals_(signals),
        managers_(managers),
        printer_(printer),
        driver_(order.driver),
        greeting_(SubmitDriver{std::move(order)}) {
    try {
      connect();
    } catch (const NoAnswer& e) {
      waitForManager(e);  // it may run; submitting it again then has no effect
    }
  }

  /// Returns at the driver's end, or when the user leaves it.
  Outcome follow() {
    for (;;) {
      if (const auto status = hear()) return {exitStatusOf(*status), true};
      const auto taken = signals_.next(std::chrono::seconds(1));
      if (!taken || taken->signal == 0) continue;
      if (taken->signal == SIGINT && ++interrupts_ <= 2) {
        interrupt();
        continue;
      }
      printer_.say(fmt::format("{} is left to the cluster; its state: {}", driver_, howToAsk(managers_, driver_)));
      return {taken->signal == SIGINT ? kInterrupted : 128 + taken->signal, false};
    }
  }

 private:
  /// Handles all messages that came. Returns the driver's last state if it is among them.
  std::optional<DriverStatus> hear() {
    try {
      if (!client_ && !reconnect()) return std::nullopt;
      while (auto message = client_->next(std::chrono::milliseconds(0))) {
        const auto* status = std::get_if<DriverStatus>(&*message);
        if (status == nullptr || status->driver != driver_) continue;
        if (const std::string line = firstLine(describe(*status)); line != said_) printer_.say(said_ = line);
        if (isFinal(*status)) return *status;
      }
    } catch (const IoError& e) {
      waitForManager(e);
    }
    return std::nullopt;
  }

  void interrupt() {
    if (interrupts_ == 1) {
      printer_.say(fmt::format("cancelling the jobs of {}; a second Ctrl-C ends it", driver_));
      to_say_ = InterruptDriver{driver_};
    } else {
      printer_.say(fmt::format("ending {}; a third Ctrl-C stops waiting for it", driver_));
      to_say_ = KillDriver{driver_};
    }
    if (client_) tell();
  }

  void tell() {
    if (to_say_) client_->send(*to_say_);
  }

  void connect() {
    client_ = std::make_unique<ManagerClient>(managers_, greeting_, SignalQueue::wake);
    greeting_ = AskDriver{driver_};
    tell();
  }

  bool reconnect() {
    try {
      connect();
      return true;
    } catch (const IoError& e) {
      if (SteadyClock::now() - lost_at_ < kManagerBack) return false;
      throw Error(fmt::format("{}; {} may still run; its state: {}", e.what(), driver_, howToAsk(managers_, driver_)));
    }
  }

  void waitForManager(const IoError& why) {
    printer_.say(fmt::format("{}; waiting for the manager to come back", why.what()));
    client_.reset();
    lost_at_ = SteadyClock::now();
  }

  SignalQueue& signals_;
  const ManagerAddresses& managers_;
  Printer& printer_;
  const std::string driver_;
  std::unique_ptr<ManagerClient> client_;  // empty while no manager is connected
  SteadyClock::time_point lost_at_;
  std::string said_;
  int interrupts_ = 0;
  ClusterMessage greeting_;  // the first message to the next manager: the order, until a manager has answered it
  // sent after `greeting` to each manager, because an earlier one may have died before acting on it
  std::optional<ClusterMessage> to_say_;
};

/// Waits for the driver's end. Returns its last state, also after the limit.
DriverStatus waitForEnd(ManagerClient& client, DriverStatus status) {
  const auto deadline = SteadyClock::now() + kKillLimit;
  try {
    while (!isFinal(status)) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
      const auto message = left.count() > 0 ? client.next(left) : std::nullopt;
      if (!message) break;
      if (const auto* next = std::get_if<DriverStatus>(&*message); next != nullptr && next->driver == status.driver)
        status = *next;
    }
  } catch (const IoError&) {
    // The manager is gone, with the order in its journal.
  }
  return status;
}

}  // namespace

int runInCluster(SignalQueue& signals, const SubmitFlags& flags, const Conf& conf, const ManagerAddresses& managers) {
  // If the reader ends early (| head), neither the driver nor the handling of Ctrl-C ends.
  ::signal(SIGPIPE, SIG_IGN);
  DriverOrder order;
  order.driver = newId("driver");
  order.name = conf.get("cerium.app.name", std::filesystem::path(flags.command.front()).filename().string());
  order.environment = clusterEnvironment(conf);
  order.cores = static_cast<int32_t>(conf.getInt("cerium.driver.cores"));
  order.memory = static_cast<uint64_t>(conf.getSize("cerium.driver.memory"));
  order.supervise = flags.supervise;
  auto paths = parseList(conf.getString("cerium.files"));
  checkFileNames(paths);
  paths.insert(paths.begin(), flags.command.front());
  for (auto& path : paths) path = std::filesystem::absolute(path).lexically_normal().string();
  const std::string secret = rpc::findClusterSecret(managers.secret, managers.endpoints).value;
  Printer printer;
  UploadServer server(paths, rpc::deriveSecret(secret, "driver " + order.driver), managers.endpoints, printer);
  auto files = server.files();
  order.program = {files.front(), {flags.command.begin() + 1, flags.command.end()}};
  order.files.assign(files.begin() + 1, files.end());
  Follower follower(signals, managers, std::move(order), printer);
  const auto outcome = follower.follow();
  if (outcome.is_over) {
    // Prints all output, as long as it is read and the user does not interrupt.
    const auto end = SteadyClock::now();
    while (!server.waitForOutput(end, kLook) || !printer.finish(kLook)) {
      if (const auto taken = signals.next(std::chrono::milliseconds(0)); taken && taken->signal != 0) break;
    }
  }
  return outcome.status;
}

int askAboutDriver(const ManagerAddresses& managers, const ClusterMessage& question) {
  ManagerClient client(managers, question);
  const auto answer = client.next(std::chrono::milliseconds(0));
  const auto* first = answer ? std::get_if<DriverStatus>(&*answer) : nullptr;
  if (first == nullptr) throw Error(fmt::format("the manager at {} sent an unexpected answer", client.manager().str()));
  const bool kills = std::holds_alternative<KillDriver>(question);
  const DriverStatus status = kills ? waitForEnd(client, *first) : *first;
  fmt::print("{}\n", printable(describe(status)));
  if (kills && !isFinal(status)) {
    fmt::print("{} was told to end and has not ended yet; its state: {}\n", printable(status.driver),
               howToAsk(managers, printable(status.driver)));
  }
  return status.state == "UNKNOWN" ? 1 : 0;
}

}  // namespace cerium::cli
