// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/worker/child_runner.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "base/protocol/executor_environment.h"
#include "base/rpc/secrets.h"
#include "base/util/error.h"
#include "base/util/log.h"
#include "base/util/new_id.h"

namespace cerium::cluster_manager {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLogEnd = 2'000;
constexpr size_t kKeptFolders = 200;  // of ended applications and drivers
constexpr const char* kFetched = "fetched";
/// The variables of the worker's environment that a child gets.
constexpr const char* kPassedOn[] = {"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"};

/// An id becomes a folder's name.
void checkName(const std::string& name) {
  if (!isSafeId(name) || name == kFetched)
    throw InvalidArgument(fmt::format("\"{}\" is not a valid id: use letters, digits, -, _ and .", name));
}

void makeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error || ::chmod(path.c_str(), 0700) != 0)
    throw IoError(fmt::format("cannot make the folder {}: {}", path, error.message()));
}

std::map<std::string, std::string> cleanEnvironment(const std::map<std::string, std::string>& added) {
  std::map<std::string, std::string> variables;
  for (const char* name : kPassedOn) {
    if (const char* value = std::getenv(name)) variables[name] = value;
  }
  for (const auto& [name, value] : added) variables[name] = value;
  return variables;
}

std::vector<std::string> argumentsOf(const protocol::Program& program) {
  std::vector<std::string> arguments = {program.file.path};
  arguments.insert(arguments.end(), program.arguments.begin(), program.arguments.end());
  return arguments;
}

}  // namespace

ChildRunner::ChildRunner(ChildRunnerOptions options, MachineLimits limits, std::function<void(worker::Event)> post)
    : options_(std::move(options)),
      post_(std::move(post)),
      fetched_(options_.work_dir + "/" + kFetched),
      oom_witness_(std::move(limits)) {}

ChildRunner::~ChildRunner() {
  fetched_.stop();
  std::map<ChildId, std::shared_ptr<Running>> left;
  {
    MutexLock lock(mutex_);
    left.swap(children_);
    for (const auto& [id, running] : left) running->killed = true;
  }
  errands_.stop();
  for (auto& [id, running] : left) {
    running->starter.join();
    if (running->process) running->process->kill(SIGKILL);
    running->process.reset();
  }
}

void ChildRunner::start(const ChildId& child, Order order, const std::string& cluster_secret) {
  auto running = std::make_shared<Running>();
  try {
    MutexLock lock(mutex_);
    running->starter = std::thread([this, child, running, order = std::move(order), cluster_secret] {
      pthread_setname_np(pthread_self(), "cerium-start");
      try {
        if (const auto* executor = std::get_if<protocol::LaunchExecutor>(&order)) {
          startExecutor(child, *running, *executor, cluster_secret);
        } else {
          startDriver(child, *running, std::get<protocol::LaunchDriver>(order).order, cluster_secret);
        }
      } catch (const std::exception& e) {
        removeFiles(*running);
        cannotStart(child, e.what());
      }
    });
    children_[child] = running;
  } catch (const std::system_error& e) {
    // Running children count against the same limit of threads, and this process must not end because of it and kill
    // them.
    cannotStart(child, fmt::format("no thread is left to start it: {}", e.what()));
  }
}

void ChildRunner::cannotStart(const ChildId& id, const std::string& reason) {
  protocol::ExitInfo how;
  how.exit_status = 127;  // the status that shells report
  how.reason = reason;
  post_(worker::Ended{id, std::move(how)});
}

std::string ChildRunner::folderOf(const ChildId& id) const {
  std::string folder = options_.work_dir + "/" + id.owner;
  return id.isDriver() ? folder : folder + "/" + std::to_string(id.executor);
}

void ChildRunner::startExecutor(const ChildId& id, Running& running, const protocol::LaunchExecutor& order,
                                const std::string& cluster_secret) {
  checkName(id.owner);
  const std::string secret = rpc::deriveSecret(cluster_secret, "application " + id.owner);
  ChildOrder child;
  child.program = fetched_.get(order.program.file, FileStore::Access::kExecute, secret);
  child.arguments = argumentsOf(order.program);
  child.directory = folderOf(id);
  makeFolder(options_.work_dir + "/" + id.owner);
  makeFolder(child.directory);
  child.environment = cleanEnvironment(order.environment);
  child.environment[ExecutorEnvironment::kDriver] = fmt::format("{}:{}", order.driver_host, order.driver_port);
  child.environment[ExecutorEnvironment::kId] = std::to_string(id.executor);
  child.environment[ExecutorEnvironment::kCores] = std::to_string(order.cores);
  child.environment[ExecutorEnvironment::kSecret] = secret;
  child.environment[ExecutorEnvironment::kCrashFd] = std::to_string(ChildOrder::kCrashFd);
  child.environment[ExecutorEnvironment::kHost] = options_.host;
  child.environment[ExecutorEnvironment::kScratch] = child.directory;
  child.log_file = child.directory + "/log";
  child.crash_pipe = true;
  running.log = child.log_file;
  launch(id, running, std::move(child));
}

void ChildRunner::startDriver(const ChildId& id, Running& running, const protocol::DriverOrder& order,
                              const std::string& cluster_secret) {
  checkName(id.owner);
  const std::string secret = rpc::deriveSecret(cluster_secret, "driver " + id.owner);
  ChildOrder child;
  child.program = fetchForDriver(order.program.file, FileStore::Access::kExecute, secret);
  child.arguments = argumentsOf(order.program);
  child.directory = folderOf(id);
  makeFolder(child.directory);
  child.environment = cleanEnvironment(order.environment);
  child.environment["CERIUM_MASTER"] = options_.masters;
  child.environment["CERIUM_DRIVER_HOST"] = options_.host;
  child.environment[DriverEnvironment::kId] = id.owner;
  child.environment[DriverEnvironment::kCancelOnInterrupt] = "1";
  if (!order.files.empty()) {
    running.files = child.directory + "/files";
    child.environment["CERIUM_FILES"] = fetchFiles(order, running.files, secret);
  }
  if (cluster_secret.empty()) {
    child.environment["CERIUM_AUTHENTICATE"] = "false";
  } else {
    child.environment[DriverEnvironment::kSecret] = cluster_secret;
  }
  running.output = std::make_unique<DriverOutput>(order, secret, child.directory);
  running.log = running.output->stderrFile();
  child.streams = ChildOrder::Streams::kPipes;
  child.on_output = [output = running.output.get()](bool is_stderr, std::string_view bytes) {
    output->write(is_stderr, bytes);
  };
  launch(id, running, std::move(child));
}

void ChildRunner::removeFiles(const Running& running) {
  std::error_code ignored;  // a broken disk is reported elsewhere
  if (!running.files.empty()) fs::remove_all(running.files, ignored);
}

std::string ChildRunner::fetchForDriver(const protocol::ServedFile& wanted, FileStore::Access access,
                                        const std::string& secret) {
  try {
    return fetched_.get(wanted, access, secret);
  } catch (const IoError& e) {
    throw IoError(
        fmt::format("{}; the `cerium submit` that serves it must run until the driver has started", e.what()));
  }
}

std::string ChildRunner::fetchFiles(const protocol::DriverOrder& order, const std::string& files,
                                    const std::string& secret) {
  makeFolder(files);
  std::string list;
  for (const auto& wanted : order.files) {
    const std::string found = fetchForDriver(wanted, FileStore::Access::kRead, secret);
    const fs::path named = files / fs::path(wanted.path).filename();  // programs look it up by its name
    std::error_code error;
    // Copied, so that changes by the driver do not affect other users of the file.
    fs::copy_file(found, named, fs::copy_options::overwrite_existing, error);
    if (error) throw IoError(fmt::format("cannot make the file {}: {}", named.string(), error.message()));
    list += (list.empty() ? "" : ",") + named.string();
  }
  return list;
}

void ChildRunner::launch(const ChildId& id, Running& running, ChildOrder order) {
  order.own_group = true;
  auto process =
      std::make_unique<ChildProcess>(order, [this, id, &running](ChildEnd end) { ended(id, running, std::move(end)); });
  OomWitness::offer(process->pid());
  {
    MutexLock lock(mutex_);
    running.process = std::move(process);
  }
  post_(worker::Started{id, options_.host + ":" + running.log});
}

void ChildRunner::ended(const ChildId& id, Running& running, ChildEnd end) {
  // The submitter has the whole output before it hears of the end. A driver that is killed does not wait for that.
  const bool was_killed = running.killed;
  if (running.output) running.output->finish(running.killed);
  running.output.reset();
  removeFiles(running);
  std::error_code ignored;  // pruneLogs() takes the folder's time as the time of the end.
  fs::last_write_time(options_.work_dir + "/" + id.owner, fs::file_time_type::clock::now(), ignored);
  protocol::ExitInfo how;
  how.exit_status = end.exit_status;
  how.signal = end.signal;
  how.crash_record = std::move(end.crash_record);
  how.log = options_.host + ":" + running.log;
  how.log_end = lastLines(running.log, kLogEnd);
  {
    MutexLock lock(mutex_);
    if (end.signal == SIGKILL && !was_killed) how.reason = oom_witness_.whyKilled();
  }
  post_(worker::Ended{id, std::move(how)});
}

void ChildRunner::signal(const ChildId& child, int signal) {
  MutexLock lock(mutex_);
  auto found = children_.find(child);
  if (found == children_.end() || !found->second->process) return;
  if (signal == SIGKILL) found->second->killed = true;
  found->second->process->kill(signal);
}

void ChildRunner::remove(const ChildId& child) {
  std::shared_ptr<Running> running;
  {
    MutexLock lock(mutex_);
    auto found = children_.find(child);
    if (found == children_.end()) return;
    running = std::move(found->second);
    children_.erase(found);
  }
  errands_.run([this, child, running] {
    running->starter.join();
    running->process.reset();
    if (child.isDriver() || running->log.empty()) return;
    std::error_code error;
    for (fs::directory_iterator entry(folderOf(child), error), end; !error && entry != end; entry.increment(error)) {
      std::error_code ignored;
      if (entry->path().filename() != "log") fs::remove_all(entry->path(), ignored);
    }
  });
}

void ChildRunner::pruneLogs() {
  errands_.run([this] {
    std::set<std::string> living;
    {
      MutexLock lock(mutex_);
      for (const auto& [id, running] : children_) living.insert(id.owner);
    }
    std::vector<std::pair<fs::file_time_type, fs::path>> folders;
    std::error_code error;
    for (fs::directory_iterator entry(options_.work_dir, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename();
      std::error_code gone;
      if (entry->is_directory(gone) && name != kFetched && !living.contains(name))
        folders.emplace_back(entry->last_write_time(gone), *entry);
    }
    if (folders.size() <= kKeptFolders) return;
    std::sort(folders.begin(), folders.end());
    folders.resize(folders.size() - kKeptFolders);
    for (const auto& [changed, path] : folders) fs::remove_all(path, error);
  });
}

}  // namespace cerium::cluster_manager
