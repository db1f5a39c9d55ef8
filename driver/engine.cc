// Cerium. Licensed under the Apache License 2.0.
#include "driver/engine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>

#include "base/config/config_values.h"
#include "base/util/host_name.h"
#include "base/util/log.h"
#include "base/util/new_id.h"
#include "base/util/user_folders.h"
#include "driver/app/sigint_handler.h"
#include "driver/backend/added_files.h"
#include "driver/context.h"
#include "rdd/accumulator_registry.h"
#include "rdd/io/record_file.h"
#include "rdd/io/text_files.h"
#include "rdd/stage_code.h"

namespace cerium {
namespace {

Scheduler::Options loopOptions(const Conf& conf, bool local, int local_failures) {
  Scheduler::Options options;
  options.dag.max_stage_attempts = static_cast<int>(conf.getInt("cerium.stage.maxConsecutiveAttempts"));
  options.dag.follows_sizes = conf.getBool("cerium.shuffle.adaptive");
  options.tasks.max_task_failures = local ? local_failures : static_cast<int>(conf.getInt("cerium.task.maxFailures"));
  options.tasks.fair = conf.getString("cerium.scheduler.mode") == "FAIR";
  options.tasks.speculation = conf.getBool("cerium.speculation");
  options.tasks.speculation_multiplier = conf.getDouble("cerium.speculation.multiplier");
  options.tasks.speculation_quantile = conf.getDouble("cerium.speculation.quantile");
  options.tasks.speculation_min_ms = conf.getDuration("cerium.speculation.minTaskRuntime").count();
  if (!conf.getBool("cerium.excludeOnFailure.enabled")) options.tasks.exclude_after_failures = 1 << 30;
  options.tasks.locality_wait_ms = conf.getDuration("cerium.locality.wait").count();
  options.tasks.exclude_ms = conf.getDuration("cerium.excludeOnFailure.timeout").count();
  options.allocation.enabled = !local && conf.getBool("cerium.dynamicAllocation.enabled");
  options.allocation.min_executors = static_cast<int>(conf.getInt("cerium.dynamicAllocation.minExecutors"));
  options.allocation.max_executors = static_cast<int>(conf.getInt("cerium.dynamicAllocation.maxExecutors"));
  options.allocation.executor_cores = static_cast<int>(conf.getInt("cerium.executor.cores"));
  options.allocation.idle_ms = conf.getDuration("cerium.dynamicAllocation.executorIdleTimeout").count();
  options.locates_inputs = !local;
  options.max_result_bytes = static_cast<uint64_t>(conf.getSize("cerium.driver.maxResultSize"));
  return options;
}

/// The record that cerium.scheduler.log asks for; null: none.
std::unique_ptr<replay::InputLog> makeInputLog(const Conf& conf, const Scheduler::Options& options,
                                               const std::string& application) {
  constexpr size_t kKeptInMemory = 16 << 20;
  const std::string where = conf.getString("cerium.scheduler.log");
  if (where == "off") return nullptr;
  if (where != "memory") return replay::InputLog::toFile(where, options, Context::version());
  const std::string folder = conf.getString("cerium.log.dir");
  const std::string path = (folder.empty() ? stateFolder() : folder) + "/" + application + ".inputs";
  return replay::InputLog::inMemory(kKeptInMemory, path, options, Context::version());
}

ContextId nextContext() {
  static std::atomic<int64_t> next{0};
  return ContextId(next++);
}

/// All that are set, as they may be shown to anybody.
events::Settings shownSettings(const Conf& conf) {
  events::Settings settings = conf.getAll();
  for (auto& [key, value] : settings) {
    std::string lower = key;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto names = [&](const char* word) { return lower.find(word) != std::string::npos; };
    if (names("secret") || names("password") || names("token") || names("credential")) value = "(hidden)";
  }
  std::sort(settings.begin(), settings.end());
  return settings;
}

bool wantsProgress(const Conf& conf) {
  const std::string wish = conf.getString("cerium.ui.showConsoleProgress");
  return wish == "true" || (wish == "auto" && ::isatty(STDERR_FILENO) == 1);
}

}  // namespace

Engine::Engine(Context& context, Conf conf)
    : context_(context),
      conf_(std::move(conf)),
      context_id_(nextContext()),
      application_id_(newId("app")),
      status_queue_(EventQueue::start({.name = "cerium-status", .takes = EventQueue::Takes::kNoDetails}, status_)),
      check_captures_(conf_.getBool("cerium.closure.checkCaptures")) {
  bus_.add(status_queue_);
  if (conf_.contains("cerium.checkpoint.dir")) setCheckpointDir(conf_.getString("cerium.checkpoint.dir"));
}

Engine::~Engine() { stop(); }

void Engine::start() {
  backend_ = makeBackend(conf_, application_id_, context_id_);
  const Scheduler::Options options = loopOptions(conf_, backend_->isLocal(), backend_->localFailures());
  loop_ = std::make_unique<SchedulerLoop>(options, *backend_, bus_, makeInputLog(conf_, options, application_id_));
  web_ui_ = WebUi::start(
      conf_, {.application_id = application_id_,
              .version = Context::version(),
              .executor_logs = backend_->logDir(),
              .cancel_job = [this](int64_t job, const std::string& reason) { loop_->cancelJob(JobId(job), reason); }});
  if (web_ui_) bus_.add(EventQueue::start({.name = "cerium-ui"}, web_ui_));
  tellStarted();
  loop_->start();
  backend_->start(*loop_);
  if (wantsInterrupts()) {
    interrupts_ = std::make_unique<SigintHandler>([this] {
      log::warn("interrupted: all jobs are cancelled; once more ends the program");
      loop_->cancelJobs(nullptr, "the program was interrupted (Ctrl-C)");
    });
  }
  for (const auto& file : parseList(conf_.getString("cerium.files"))) addFile(file);
  if (wantsProgress(conf_)) progress_ = std::make_unique<ConsoleProgress>(*status_);
}

void Engine::tellStarted() {
  bus_.post(events::ApplicationStarted{.at = events::wallTime(),
                                       .id = application_id_,
                                       .name = conf_.getString("cerium.app.name"),
                                       .master = conf_.getString("cerium.master"),
                                       .version = Context::version(),
                                       .host = hostName()});
  bus_.post(events::SettingsKnown{.at = events::wallTime(), .settings = shownSettings(conf_)});
}

const StatusStore& Engine::status() {
  status_queue_->flush();
  return *status_;
}

void Engine::addListener(std::shared_ptr<Listener> listener) {
  MutexLock lock(mutex_);
  if (listeners_) return listeners_->add(std::move(listener));
  auto listeners = std::make_shared<Listeners>();
  listeners->add(std::move(listener));
  bus_.add(EventQueue::start({.name = "cerium-events"}, listeners));
  listeners_ = std::move(listeners);
}

void Engine::stop() {
  if (stopped_.exchange(true)) return;
  progress_.reset();
  interrupts_.reset();
  if (loop_) loop_->stop("the Context was stopped");
  if (backend_) backend_->stop();
  if (loop_) bus_.post(events::ApplicationEnded{.at = events::wallTime()});
  bus_.stop();
  if (web_ui_) web_ui_->close();
  std::set<BroadcastId> broadcasts;
  {
    MutexLock lock(mutex_);
    broadcasts.swap(broadcasts_);
    actions_.clear();
  }
  for (BroadcastId id : broadcasts) BroadcastRegistry::instance().remove(id);
  AccumulatorRegistry::instance().close(context_id_);
  removeAddedFiles(context_id_);
}

JobSettings& Engine::threadSettings() {
  // A thread may use several Contexts one after the other; settings go with the Context.
  static thread_local std::unordered_map<std::string, JobSettings> settings;
  return settings[application_id_];
}

// ---- jobs

/// A job that, once done, runs the actions (checkpoints) that waited for it, on the thread that waits for the job.
class Engine::JobWithActions final : public JobHandle {
 public:
  JobWithActions(std::shared_ptr<JobHandle> job, std::vector<std::function<void()>> actions)
      : job_(std::move(job)), actions_(std::move(actions)) {}
  [[nodiscard]] JobId id() const override { return job_->id(); }
  [[nodiscard]] bool isDone() const override { return job_->isDone(); }
  void cancel(const std::string& reason) override { job_->cancel(reason); }
  [[nodiscard]] std::exception_ptr failureInDriver() const override { return job_->failureInDriver(); }
  void wait() override {
    job_->wait();
    std::vector<std::function<void()>> actions;
    {
      MutexLock lock(mutex_);
      actions.swap(actions_);
    }
    for (auto& action : actions) action();
  }

 private:
  std::shared_ptr<JobHandle> job_;
  Mutex mutex_;
  std::vector<std::function<void()>> actions_ CERIUM_GUARDED_BY(mutex_);
};

std::shared_ptr<JobHandle> Engine::submit(JobRequest request) {
  if (TaskContext::get() != nullptr) {
    throw InvalidArgument(request.site.str() +
                          ": a task cannot run jobs; join the two RDDs, or collect one in the driver and broadcast it "
                          "to the tasks of the other");
  }
  if (stopped_) {
    throw Error(fmt::format("{}: the Context of the RDD \"{}\" was stopped; make the RDD anew with one that runs",
                            request.site.str(), request.node->site().str()));
  }
  if (check_captures_) checkJobCaptures(request.shuffle ? *request.shuffle->mapSide() : *request.body);
  auto actions = takeActions(*request.node);
  auto self = weak_from_this();
  auto job = std::make_shared<RunningJob>(JobId(next_job_++), std::move(request), threadSettings(),
                                          [self](JobId id, const std::string& reason) {
                                            if (auto engine = self.lock()) engine->loop_->cancelJob(id, reason);
                                          });
  loop_->submit(job);
  if (actions.empty()) return job;
  return std::make_shared<JobWithActions>(std::move(job), std::move(actions));
}

std::shared_ptr<ShuffleDependency> Engine::newShuffle(NodePtr parent, int num_reduces,
                                                      std::shared_ptr<const TaskBody> map_side) {
  static std::atomic<int64_t> next{0};
  auto shuffle =
      std::make_shared<ShuffleDependency>(ShuffleId(next++), std::move(parent), num_reduces, std::move(map_side));
  shuffle->on_release = [self = weak_from_this()](ShuffleId id) {
    auto engine = self.lock();
    if (engine && !engine->stopped_) engine->loop_->happened(in::ShuffleReleased{id});
  };
  return shuffle;
}

int Engine::defaultParallelism() const {
  const auto set = static_cast<int>(conf_.getInt("cerium.default.parallelism"));
  return set > 0 ? set : backend_->defaultParallelism();
}

int Engine::shuffleParallelism(int largest_parent) const {
  const auto set = static_cast<int>(conf_.getInt("cerium.default.parallelism"));
  return set > 0 ? set : largest_parent;
}

JobRunner::TakeSteps Engine::takeSteps() const {
  return {static_cast<int>(conf_.getInt("cerium.rdd.limit.initialNumPartitions")),
          static_cast<int>(conf_.getInt("cerium.rdd.limit.scaleUpFactor"))};
}

// ---- storage

void Engine::persist(RddNode& node, StorageLevel level) {
  node.setStorageLevel(level);
  node.whenReleased([self = weak_from_this()](RddId id) {
    auto engine = self.lock();
    if (engine && !engine->stopped_) engine->loop_->happened(in::RddUnpersisted{id});
  });
}

void Engine::unpersist(const RddNode& node, bool blocking) {
  if (stopped_) return;
  loop_->happened(in::RddUnpersisted{node.id()});
  if (blocking) loop_->waitUntilIdle();
}

void Engine::whenFirstComputed(const NodePtr& node, std::function<void()> action) {
  MutexLock lock(mutex_);
  actions_[node.get()] = std::move(action);
}

std::vector<std::function<void()>> Engine::takeActions(const RddNode& final_node) {
  std::vector<std::function<void()>> found;
  MutexLock lock(mutex_);
  if (actions_.empty()) return found;
  std::set<const RddNode*> seen;
  std::vector<const RddNode*> stack{&final_node};
  while (!stack.empty()) {
    const RddNode* node = stack.back();
    stack.pop_back();
    if (!seen.insert(node).second) continue;
    auto action = actions_.find(node);
    if (action != actions_.end()) {
      found.push_back(std::move(action->second));
      actions_.erase(action);
    }
    for (const Dependency& dependency : node->effective()->dependencies()) stack.push_back(dependency.parent().get());
  }
  return found;
}

void Engine::setCheckpointDir(const std::string& path) {
  const std::string folder = path + "/" + application_id_;
  io::makeFolder(folder);
  MutexLock lock(mutex_);
  checkpoint_dir_ = folder;
}

std::string Engine::checkpointDir() const {
  MutexLock lock(mutex_);
  if (checkpoint_dir_.empty()) {
    throw InvalidArgument(
        "checkpoint: no folder is set; call Context::setCheckpointDir (or set cerium.checkpoint.dir) first");
  }
  return checkpoint_dir_;
}

// ---- broadcasts and files

void Engine::checkRuns(const char* what) const {
  if (stopped_) throw Error(std::string(what) + ": the Context " + application_id_ + " was stopped; make another one");
}

AccumulatorId Engine::addAccumulator(std::shared_ptr<const AccumulatorFactory> factory, const std::string& name) {
  checkRuns("accumulator");
  return AccumulatorRegistry::instance().add(std::move(factory), name, context_id_);
}

BroadcastId Engine::addBroadcast(std::shared_ptr<const void> value, std::function<Bytes()> encode) {
  checkRuns("broadcast");
  const BroadcastId id = BroadcastRegistry::instance().add(std::move(value));
  BroadcastOwner::setOwner(id, this);
  backend_->addBroadcast(id, std::move(encode));
  bus_.post(events::BroadcastAdded{.at = events::wallTime(), .broadcast = id});
  MutexLock lock(mutex_);
  broadcasts_.insert(id);
  return id;
}

void Engine::unpersistBroadcast(BroadcastId id) {
  if (stopped_) return;
  loop_->post([this, id] { backend_->dropBroadcast(id); });
  bus_.post(events::BroadcastRemoved{.at = events::wallTime(), .broadcast = id});
}

void Engine::destroyBroadcast(BroadcastId id) {
  if (stopped_) return;
  loop_->post([this, id] { backend_->dropBroadcast(id); });
  backend_->removeBroadcast(id);
  BroadcastRegistry::instance().remove(id);
  bus_.post(events::BroadcastRemoved{.at = events::wallTime(), .broadcast = id, .destroyed = true});
  MutexLock lock(mutex_);
  broadcasts_.erase(id);
}

void Engine::addFile(const std::string& path) {
  checkRuns("addFile");
  const std::string file = readableFile(path);
  const BroadcastId contents = addBroadcast(std::make_shared<const std::string>(file), [file] {
    const std::string text = io::readWholeFile(file);
    Bytes bytes;
    bytes.append(text.data(), text.size());
    return bytes;
  });
  addFileForTasks(file, contents, context_id_);
  loop_->post([this] { backend_->filesChanged(); });
}

}  // namespace cerium
