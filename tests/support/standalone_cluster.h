// Cerium. Licensed under the Apache License 2.0.
// A standalone cluster of real processes on loopback: `cerium manager` and `cerium worker` with free ports, a secret
// file and folders of its own. The driver is the test process or a DriverProgram (processes.h).
#pragma once

#include <sys/stat.h>

#include <boost/json.hpp>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/util/child_process.h"
#include "tests/support/processes.h"
#include "web-ui/http/client.h"
#include "web-ui/http/web_port.h"

namespace cerium::testing {

/// build/bin/cerium, seen from build/tests/tests_cluster.
inline std::string ceriumTool() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "bin/cerium").string();
}

/// A `cerium` command that runs until it is told to end; killed with the test at the latest.
class Daemon {
 public:
  Daemon(const TempFolder& folder, const std::string& name, std::vector<std::string> arguments,
         std::map<std::string, std::string> variables = {})
      : log_(folder / name + ".log") {
    ChildOrder order;
    order.program = ceriumTool();
    order.arguments = {"cerium"};
    order.arguments.insert(order.arguments.end(), arguments.begin(), arguments.end());
    order.environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", folder.path()}, {"XDG_RUNTIME_DIR", folder / "run"}};
    for (auto& [key, value] : variables) order.environment[key] = value;
    order.log_file = log_;
    process_ = std::make_unique<ChildProcess>(
        order, [this](const ChildEnd& end) { ended_.set_value(end.signal > 0 ? 128 + end.signal : end.exit_status); });
  }
  ~Daemon() {
    process_->kill(SIGCONT);
    process_->kill(SIGKILL);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  [[nodiscard]] pid_t pid() const { return process_->pid(); }
  void signal(int number) const { process_->kill(number); }
  /// The exit status as shells report it; -1 if the process does not end in time.
  int wait(std::chrono::seconds limit = std::chrono::seconds(30)) const {
    return end_.wait_for(limit) == std::future_status::ready ? end_.get() : -1;
  }
  [[nodiscard]] std::string log() const { return contentsOf(log_); }
  /// The text between `before` and `after` in the process's log.
  [[nodiscard]] std::string said(const std::string& before, const std::string& after) const {
    std::string found;
    const bool is_there = eventually([&] {
      const std::string text = log();
      const size_t begin = text.find(before);
      const size_t end = begin == std::string::npos ? begin : text.find(after, begin + before.size());
      if (end == std::string::npos) return false;
      found = text.substr(begin + before.size(), end - begin - before.size());
      return true;
    });
    if (!is_there) throw std::runtime_error("not said: " + before + "; but: " + log());
    return found;
  }

 private:
  const std::string log_;
  std::promise<int> ended_;
  std::shared_future<int> end_ = ended_.get_future().share();
  std::unique_ptr<ChildProcess> process_;
};

class StandaloneCluster {
 public:
  /// `manager_variables`: additional environment variables of each manager.
  explicit StandaloneCluster(std::vector<std::string> manager_flags = {},
                             std::map<std::string, std::string> manager_variables = {})
      : manager_flags_(std::move(manager_flags)), manager_variables_(std::move(manager_variables)) {
    secret_file_ = folder_.write("secret", std::string(kSecret) + "\n");
    ::chmod(secret_file_.c_str(), 0600);
    std::filesystem::create_directory(folder_ / "driver");
    startManager();
  }

  /// Starts a manager, at the port of the previous one if there was one.
  void startManager() {
    managers_.push_back(newManager(url_.empty() ? "0" : url_.substr(url_.rfind(':') + 1), {}));
    url_ = manager().said("manager at ", ";");
  }
  void killManager() {
    manager().signal(SIGKILL);
    REQUIRE(manager().wait() == 128 + SIGKILL);
  }
  /// Starts a standby manager and returns its URL.
  std::string startStandby() {
    managers_.push_back(newManager("0", {"--standby"}));
    return managers_.back()->said("standby manager at ", ";");
  }
  Daemon& manager(size_t i = std::string::npos) { return *managers_.at(std::min(i, managers_.size() - 1)); }

  /// Starts a worker; returns when it has registered.
  Daemon& addWorker(int cores = 2, const std::string& memory = "1g", const std::string& url = {},
                    std::map<std::string, std::string> variables = {}) {
    const std::string name = "worker-" + std::to_string(workers_.size());
    workers_.push_back(std::make_unique<Daemon>(
        folder_, name,
        std::vector<std::string>{"worker", url.empty() ? url_ : url, "--cores", std::to_string(cores), "--memory",
                                 memory, "--work-dir", folder_ / name, "--webui-port", "0", "--secret-file",
                                 secret_file_},
        std::move(variables)));
    (void)workers_.back()->said("registered with the manager", "\n");
    return *workers_.back();
  }
  Daemon& worker(size_t i) { return *workers_.at(i); }
  [[nodiscard]] std::string workDir(size_t i) const { return folder_ / "worker-" + std::to_string(i); }

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::string& secretFile() const { return secret_file_; }
  /// The folder of logs, the secret and the workers' folders.
  [[nodiscard]] const TempFolder& folder() const { return folder_; }

  /// Settings for a driver in this process.
  [[nodiscard]] Conf conf() const {
    Conf conf = clusterConf(url_, folder_);
    conf.set("cerium.authenticate.secretFile", secret_file_).set("cerium.local.dir", folder_ / "driver");
    return conf.set("cerium.executor.memory", "256m");
  }
  /// The variables of a DriverProgram, in addition to its own Conf.
  [[nodiscard]] std::vector<std::string> variables() const {
    return {"CERIUM_MASTER=" + url_, "CERIUM_AUTHENTICATE_SECRET_FILE=" + secret_file_, "CERIUM_EXECUTOR_MEMORY=256m"};
  }

  /// The /json of a manager. On another address than loopback it asks for the cluster's token.
  [[nodiscard]] boost::json::object json(size_t i = std::string::npos) {
    const std::string web = manager(i).said("(web: ", ")");
    const std::string token = http::clusterToken(kSecret);
    const auto answer = http::fetch({.url = web + "/json", .headers = {{"Authorization", "Bearer " + token}}});
    return boost::json::parse(answer.body).as_object();
  }
  /// The workers of the executors of the n-th registered active application.
  [[nodiscard]] std::vector<std::string> placement(size_t n = 0) {
    std::vector<std::string> workers;
    const auto all = json();
    for (const auto& executor : all.at("activeapps").as_array().at(n).at("executors").as_array())
      workers.emplace_back(executor.at("worker").as_string());
    return workers;
  }
  [[nodiscard]] int64_t coresUsed() { return json().at("coresused").as_int64(); }

  /// The living executors of all workers, or of one.
  [[nodiscard]] std::vector<pid_t> executors() const {
    std::vector<pid_t> all;
    for (const auto& worker : workers_) {
      for (pid_t pid : childrenOf(worker->pid())) all.push_back(pid);
    }
    return all;
  }
  [[nodiscard]] std::vector<pid_t> executorsOf(size_t i) const { return childrenOf(workers_.at(i)->pid()); }

 private:
  std::unique_ptr<Daemon> newManager(const std::string& port, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{
        "manager",       "--port",    port, "--webui-port", "0", "--recovery-dir", folder_ / "recovery",
        "--secret-file", secret_file_};
    arguments.insert(arguments.end(), manager_flags_.begin(), manager_flags_.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<Daemon>(folder_, "manager-" + std::to_string(managers_.size()), std::move(arguments),
                                    manager_variables_);
  }

  TempFolder folder_;
  const std::vector<std::string> manager_flags_;
  const std::map<std::string, std::string> manager_variables_;
  static constexpr const char* kSecret = "the secret of this cluster";
  std::string secret_file_;
  std::string url_;
  std::vector<std::unique_ptr<Daemon>> managers_;
  std::vector<std::unique_ptr<Daemon>> workers_;
};

/// The sum of 0, 1, ... tasks - 1; each number is a task that takes `milliseconds`.
inline int64_t slowSum(Context& sc, int tasks, int milliseconds) {
  return sc.range(0, tasks, 1, tasks)
      .map([milliseconds](int64_t x) {
        ::usleep(static_cast<useconds_t>(milliseconds) * 1000);
        return x;
      })
      .sum();
}

/// A map stage of `maps` tasks, each of which takes `milliseconds`, and a reduce stage of 4 tasks, over 100 keys.
inline auto slowCounts(Context& sc, int maps, int milliseconds) {
  return sc.range(0, 1000LL * maps, 1, maps)
      .map([milliseconds](int64_t x) {
        if (x % 1000 == 0) ::usleep(static_cast<useconds_t>(milliseconds) * 1000);
        return std::pair<int64_t, int64_t>(x % 100, 1);
      })
      .reduceByKey(std::plus<>(), 4);
}

}  // namespace cerium::testing
