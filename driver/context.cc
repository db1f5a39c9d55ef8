// Cerium. Licensed under the Apache License 2.0.
#include "driver/context.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "base/protocol/executor_environment.h"
#include "base/util/child_process.h"
#include "base/util/environment.h"
#include "base/util/log.h"
#include "driver/app/terminate_handler.h"
#include "driver/backend/added_files.h"
#include "driver/engine.h"
#include "executor/process/executor_process.h"
#include "rdd/io/text_files.h"

namespace cerium {
namespace {

void becomeDriver() {
  reportUncaughtErrors();
  hideVariable(DriverEnvironment::kSecret);
  // With its worker: another one may be told to run it, and may have been before there was a Context.
  if (std::getenv(DriverEnvironment::kId) != nullptr) endWithParent();
}

}  // namespace

void serveIfExecutor() {
  if (isExecutorProcess()) runExecutorProcess();
}

Context::Context(const Conf& conf) {
  if (TaskContext::get() != nullptr) {
    throw InvalidArgument(
        "Context: a task cannot make a Context, as it cannot run jobs; join the RDDs, or broadcast the data");
  }
  serveIfExecutor();
  static std::once_flag driver;
  std::call_once(driver, becomeDriver);
  log::setLevel(conf.getString("cerium.logLevel"));
  engine_ = std::make_shared<Engine>(*this, conf);
  engine_->start();
}

Context::~Context() { stop(); }

void Context::stop() { engine_->stop(); }
bool Context::isStopped() const { return engine_->stopped(); }
JobRunnerPtr Context::runner() const { return engine_; }

int Context::slices(int64_t partitions, const CallSite& site) const {
  return partitions == kDefaultPartitions ? engine_->defaultParallelism() : api::checkedPartitions(site, partitions);
}

void Context::checkPartition(int p, int partitions, const Where& where) {
  if (p >= 0 && p < partitions) return;
  throw InvalidArgument(CallSite("runJob", where).str() + ": there is no partition " + std::to_string(p) +
                        "; the RDD has " + std::to_string(partitions));
}

RDD<int64_t> Context::range(int64_t start, int64_t end, int64_t step, int64_t partitions, Where where) {
  if (step == 0) throw InvalidArgument(CallSite("range", where).str() + ": the step is 0");
  const int n = slices(partitions, {"range", where});
  const bool some = step > 0 ? start < end : start > end;
  const auto span = static_cast<uint64_t>(step > 0 ? end : start) - static_cast<uint64_t>(step > 0 ? start : end);
  const auto stride = step > 0 ? static_cast<uint64_t>(step) : uint64_t{0} - static_cast<uint64_t>(step);
  const uint64_t count = some ? (span - 1) / stride + 1 : 0;
  return api::makeRdd<int64_t>(runner(), {"range", where}, n, {}, ops::Range{start, step, count, n});
}

// ---- files

RDD<std::string> Context::textFile(const std::string& path, int64_t min_partitions, Where where) {
  const int wanted = min_partitions == kDefaultPartitions ? std::min(defaultParallelism(), 2)
                                                          : slices(min_partitions, {"textFile", where});
  const auto limit = static_cast<uint64_t>(engine_->conf().getSize("cerium.files.maxPartitionBytes"));
  auto splits = io::planSplits(path, wanted, limit);
  // Two partitions do for small files, as in Spark. Larger ones, which Spark would cut at its file system's blocks,
  // keep all cores busy.
  constexpr uint64_t kWorthACore = uint64_t{4} << 20;
  uint64_t bytes = 0;
  for (const auto& split : splits) bytes += split.end - split.begin;
  const auto cores =
      static_cast<int>(std::min<uint64_t>(static_cast<uint64_t>(defaultParallelism()), bytes / kWorthACore));
  if (min_partitions == kDefaultPartitions && cores > wanted) splits = io::planSplits(path, cores, limit);
  const int n = static_cast<int>(splits.size());
  return api::makeRdd<std::string>(runner(), {"textFile", where}, n, {}, ops::TextFile{std::move(splits)});
}

namespace {

/// The files in groups of neighbours, `n` or as many as there are files.
ops::WholeFiles grouped(std::vector<std::string> files, int n) {
  ops::WholeFiles body;
  const int groups = std::max(1, std::min(n, static_cast<int>(files.size())));
  for (int p = 0; p < groups; ++p) {
    const auto begin = files.begin() + static_cast<std::ptrdiff_t>(ops::sliceBegin(files.size(), groups, p));
    const auto end = files.begin() + static_cast<std::ptrdiff_t>(ops::sliceBegin(files.size(), groups, p + 1));
    body.paths.emplace_back(begin, end);
  }
  return body;
}

}  // namespace

RDD<std::pair<std::string, std::string>> Context::wholeTextFiles(const std::string& path, int64_t min_partitions,
                                                                 Where where) {
  auto body = grouped(io::listFiles(path), slices(min_partitions, {"wholeTextFiles", where}));
  const int n = static_cast<int>(body.paths.size());
  return api::makeRdd<std::pair<std::string, std::string>>(runner(), {"wholeTextFiles", where}, n, {}, std::move(body));
}

RDD<std::pair<std::string, std::string>> Context::binaryFiles(const std::string& path, int64_t min_partitions,
                                                              Where where) {
  return wholeTextFiles(path, min_partitions, where);
}

RDD<std::string> Context::binaryRecords(const std::string& path, int64_t length, Where where) {
  const std::string site = CallSite("binaryRecords", where).str();
  if (length <= 0)
    throw InvalidArgument(site + ": the record length is " + std::to_string(length) + "; it must be positive");
  const auto bytes = static_cast<uint64_t>(length);
  ops::BinaryRecords body{{}, bytes};
  for (io::FileSplit split : io::planSplits(path, defaultParallelism())) {
    // Pieces begin at records: each end moves up to the next one.
    split.begin = (split.begin + bytes - 1) / bytes * bytes;
    const uint64_t end = (split.end + bytes - 1) / bytes * bytes;
    body.splits.push_back({split.path, split.begin, end});
  }
  for (const std::string& file : io::listFiles(path)) {
    const auto size = std::filesystem::file_size(file);
    if (size % bytes != 0) {
      throw IoError(site + ": " + file + " has " + std::to_string(size) +
                    " bytes, which is no multiple of the record length " + std::to_string(bytes));
    }
  }
  const int n = static_cast<int>(body.splits.size());
  return api::makeRdd<std::string>(runner(), {"binaryRecords", where}, n, {}, std::move(body));
}

std::vector<std::string> Context::objectFiles(const std::string& path) const { return io::listFiles(path); }

// ---- shared variables

BroadcastId Context::addBroadcast(std::shared_ptr<const void> value, std::function<Bytes()> encode) {
  return engine_->addBroadcast(std::move(value), std::move(encode));
}

AccumulatorId Context::addAccumulator(std::shared_ptr<const AccumulatorFactory> factory, const std::string& name) {
  return engine_->addAccumulator(std::move(factory), name);
}

Accumulator<int64_t> Context::longAccumulator(const std::string& name, Where where) {
  return accumulator(int64_t{0}, std::plus<int64_t>(), name, where);
}
Accumulator<double> Context::doubleAccumulator(const std::string& name, Where where) {
  return accumulator(0.0, std::plus<double>(), name, where);
}

// ---- jobs

void Context::setJobGroup(const std::string& group, const std::string& description) {
  engine_->threadSettings().group = group;
  engine_->threadSettings().description = description;
}
void Context::clearJobGroup() { setJobGroup("", ""); }
void Context::setJobDescription(const std::string& description) { engine_->threadSettings().description = description; }

void Context::setLocalProperty(const std::string& key, const std::string& value) {
  JobSettings& settings = engine_->threadSettings();
  settings.properties[key] = value;
  if (key == "cerium.scheduler.pool") settings.pool = value;
  if (key == "cerium.jobGroup.id") settings.group = value;
  if (key == "cerium.job.description") settings.description = value;
}
std::string Context::getLocalProperty(const std::string& key) const {
  const auto& properties = engine_->threadSettings().properties;
  auto found = properties.find(key);
  return found == properties.end() ? std::string() : found->second;
}

void Context::cancelJob(int64_t job, const std::string& reason) {
  engine_->loop().cancelJob(JobId(job), reason.empty() ? "cancelJob was called" : reason);
}
void Context::cancelJobGroup(const std::string& group, const std::string& reason) {
  engine_->loop().cancelJobs([group](const JobSettings& settings) { return settings.group == group; },
                             reason.empty() ? "cancelJobGroup(\"" + group + "\") was called" : reason);
}
void Context::cancelAllJobs() { engine_->loop().cancelJobs(nullptr, "cancelAllJobs was called"); }
void Context::setPool(const std::string& name, int weight, int min_share) {
  engine_->loop().happened(in::PoolConfigured{name, weight, min_share});
}
StatusTracker Context::statusTracker() const { return StatusTracker(engine_); }
void Context::addListener(std::shared_ptr<Listener> listener) { engine_->addListener(std::move(listener)); }

// ---- other

void Context::addFile(const std::string& path) { engine_->addFile(path); }
void Context::setCheckpointDir(const std::string& path) { engine_->setCheckpointDir(path); }
void Context::setLogLevel(const std::string& level) { log::setLevel(level); }
int Context::defaultParallelism() const { return engine_->defaultParallelism(); }
std::string Context::applicationId() const { return engine_->applicationId(); }
std::string Context::appName() const { return engine_->conf().getString("cerium.app.name"); }
std::string Context::master() const { return engine_->conf().getString("cerium.master"); }
std::string Context::uiWebUrl() const { return engine_->webUrl(); }
std::string Context::executorLogDir() const { return engine_->backend().logDir(); }
std::string Context::version() { return "0.1.0"; }
const Conf& Context::getConf() const { return engine_->conf(); }

// ---- StatusTracker

std::vector<int64_t> StatusTracker::getActiveJobIds() const {
  std::vector<int64_t> ids;
  for (const JobInfo& job : engine_->status().jobs()) {
    if (job.status == "RUNNING") ids.push_back(job.id);
  }
  return ids;
}

std::vector<int64_t> StatusTracker::getActiveStageIds() const {
  std::vector<int64_t> ids;
  for (const StageInfo& stage : engine_->status().stages()) {
    if (stage.active_tasks > 0) ids.push_back(stage.id);
  }
  return ids;
}

std::vector<int64_t> StatusTracker::getJobIdsForGroup(const std::string& group) const {
  std::vector<int64_t> ids;
  for (const JobInfo& job : engine_->status().jobs()) {
    if (job.group == group) ids.push_back(job.id);
  }
  return ids;
}

std::optional<JobInfo> StatusTracker::getJobInfo(int64_t id) const {
  for (const JobInfo& job : engine_->status().jobs()) {
    if (job.id == id) return job;
  }
  return std::nullopt;
}

std::optional<StageInfo> StatusTracker::getStageInfo(int64_t id) const {
  for (const StageInfo& stage : engine_->status().stages()) {
    if (stage.id == id) return stage;
  }
  return std::nullopt;
}

std::vector<ExecutorInfo> StatusTracker::getExecutorInfos() const { return engine_->status().executors(); }
StageInfo StatusTracker::totals() const { return engine_->status().totals(); }

std::string File::get(const std::string& name) {
  TaskContext* task = TaskContext::get();
  return task != nullptr ? task->services().addedFile(name) : pathInDriver(name);
}

}  // namespace cerium
