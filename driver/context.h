// Cerium. Licensed under the Apache License 2.0.
// Context: the driver's connection to its executors, where every program begins.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/config/config.h"
#include "driver/job_failed.h"
#include "driver/listener.h"
#include "rdd/accumulator.h"
#include "rdd/broadcast.h"
#include "rdd/ops/files.h"
#include "rdd/ops/sources.h"
#include "rdd/rdd.h"

namespace cerium {

/// What runs and has run, for the program itself. Of jobs and stages that have ended, the last thousand of each are
/// known.
class StatusTracker {
 public:
  explicit StatusTracker(std::shared_ptr<class Engine> engine) : engine_(std::move(engine)) {}
  /// The ids of jobs that have not ended, ascending.
  [[nodiscard]] std::vector<int64_t> getActiveJobIds() const;
  /// The ids of stages with running or waiting tasks, ascending.
  [[nodiscard]] std::vector<int64_t> getActiveStageIds() const;
  /// The ids of the remembered jobs of a group (setJobGroup); of those without a group if `group` is empty.
  [[nodiscard]] std::vector<int64_t> getJobIdsForGroup(const std::string& group) const;
  /// A job that runs or is remembered; nothing if the id is unknown or the job is forgotten.
  [[nodiscard]] std::optional<JobInfo> getJobInfo(int64_t job) const;
  /// A stage, as getJobInfo().
  [[nodiscard]] std::optional<StageInfo> getStageInfo(int64_t stage) const;
  /// The executors that are there now.
  [[nodiscard]] std::vector<ExecutorInfo> getExecutorInfos() const;
  /// The figures of all stages that ended, added up.
  [[nodiscard]] StageInfo totals() const;

 private:
  std::shared_ptr<Engine> engine_;
};

/// Starts what `cerium.master` names, runs jobs on it, and stops it in the destructor. In an executor process, which is
/// this same program started again, the constructor does not return: it becomes the executor's loop and then exits.
/// A program may have several at a time; each has its own executors, and all that is made with one (RDDs, broadcasts,
/// accumulators, added files) is for its jobs alone: used with another it is an InvalidArgument. A task can neither
/// make a Context nor run a job. Threads: all methods may be called from any thread but those of tasks; a job's group,
/// description and pool belong to the calling thread.
///   cerium::Context sc(cerium::Conf().setAppName("word count"));
class Context {
 public:
  /// Throws InvalidArgument for a wrong setting, Error where no executor starts.
  explicit Context(const Conf& conf = Conf());
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Any input range, cut into `partitions` slices (default: defaultParallelism). An rvalue vector is taken, not
  /// copied.
  template <class Range>
  auto parallelize(Range&& range, int64_t partitions = kDefaultPartitions, Where where = Where::current()) {
    using T = api::RecordIn<Range>;
    api::requireSerializable<api::op::parallelize, T>();
    return parallelizeRecords<T>(std::forward<Range>(range), partitions, where);
  }
  template <class T>
  RDD<RecordType<T>> parallelize(std::initializer_list<T> list, int64_t partitions = kDefaultPartitions,
                                 Where where = Where::current()) {
    api::requireSerializable<api::op::parallelize, RecordType<T>>();
    return parallelizeRecords<RecordType<T>>(list, partitions, where);
  }
  /// start, start + step, ... before `end`. Nothing is held in memory.
  RDD<int64_t> range(int64_t start, int64_t end, int64_t step = 1, int64_t partitions = kDefaultPartitions,
                     Where where = Where::current());
  /// 0, 1, ... before `end`.
  RDD<int64_t> range(int64_t end, Where where = Where::current()) {
    return range(0, end, 1, kDefaultPartitions, where);
  }
  /// No records and no partitions.
  template <class T>
  RDD<T> emptyRDD(Where where = Where::current()) {
    return api::makeRdd<T>(runner(), {"emptyRDD", where}, 0, {}, ops::Union<T>{});
  }
  /// All records of the RDDs, in order.
  template <class T>
  RDD<T> union_(const std::vector<RDD<T>>& rdds, Where where = Where::current()) {
    if (rdds.empty()) return emptyRDD<T>(where);
    return api::unionOf<T>(runner(), rdds, where);
  }
  template <class R>
    requires IsRdd<R> RDD<typename R::value_type> union_(std::initializer_list<R> rdds,
                                                         Where where = Where::current()) {
      return union_(std::vector<RDD<typename R::value_type>>(rdds.begin(), rdds.end()), where);
    }
  /// RDDs and chains of one record type.
  template <class First, class... Rest>
    requires(IsRdd<First> && (IsRdd<Rest> && ...))
  RDD<typename First::value_type> union_(const First& first, const Rest&... rest) {
    return union_(std::vector<RDD<typename First::value_type>>{first.rdd(), rest.rdd()...});
  }

  /// Lines of files. `path`: a file, a folder, a glob, or several separated by commas; .gz, .zst and .lz4 by suffix.
  /// Throws IoError where there is nothing to read.
  RDD<std::string> textFile(const std::string& path, int64_t min_partitions = kDefaultPartitions,
                            Where where = Where::current());
  /// (path, contents) of each file.
  RDD<std::pair<std::string, std::string>> wholeTextFiles(const std::string& path,
                                                          int64_t min_partitions = kDefaultPartitions,
                                                          Where where = Where::current());
  RDD<std::pair<std::string, std::string>> binaryFiles(const std::string& path,
                                                       int64_t min_partitions = kDefaultPartitions,
                                                       Where where = Where::current());
  /// Records of `length` bytes each; a file whose size is no multiple of it is an IoError.
  RDD<std::string> binaryRecords(const std::string& path, int64_t length, Where where = Where::current());
  /// What saveAsObjectFile of the same program wrote. The record type must be the one it was written with.
  template <class T>
  RDD<T> objectFile(const std::string& path, int64_t min_partitions = kDefaultPartitions,
                    Where where = Where::current()) {
    (void)min_partitions;  // a part file is a partition
    auto paths = objectFiles(path);
    const int n = static_cast<int>(paths.size());
    return api::makeRdd<T>(runner(), {"objectFile", where}, n, {}, ops::RecordFiles<T>{std::move(paths)});
  }

  /// Sends `value` to each executor that uses it, once, in chunks that executors pass on to each other.
  template <class T>
  auto broadcast(T value) {
    using V = RecordType<T>;
    api::requireSerializable<api::op::broadcast, V>();
    auto shared = std::make_shared<const V>(std::move(value));
    return Broadcast<V>(addBroadcast(shared, [shared] {
      Bytes bytes;
      Writer out(bytes);
      encodeValue(out, *shared);
      return bytes;
    }));
  }
  /// A sum of integers that tasks add to and the driver reads; `name` is shown in the pages.
  ///   auto seen = sc.longAccumulator("seen"); rdd.foreach([seen](const T&) { seen += 1; }); seen.value();
  Accumulator<int64_t> longAccumulator(const std::string& name = "", Where where = Where::current());
  /// A sum of doubles; see longAccumulator().
  Accumulator<double> doubleAccumulator(const std::string& name = "", Where where = Where::current());
  /// A list that tasks add elements to, in no particular order; see longAccumulator().
  template <class T>
  CollectionAccumulator<T> collectionAccumulator(const std::string& name = "") {
    using namespace accumulator_detail;
    using Made = Factory<std::vector<T>, T, Append>;
    return CollectionAccumulator<T>(addAccumulator(std::make_shared<const Made>(std::vector<T>(), Append{}), name));
  }
  /// Values combined by `op`, which must be associative and commutative; `zero` is its neutral element.
  template <class T, class Op>
  Accumulator<T> accumulator(T zero, Op op, const std::string& name = "", Where where = Where::current()) {
    using namespace accumulator_detail;
    api::requireSerializable<api::op::accumulator, T>();
    closure::require<api::op::accumulator, Op>();
    using Made = Factory<T, T, Combine<Op>>;
    auto factory =
        std::make_shared<const Made>(std::move(zero), Combine<Op>{{api::located("accumulator", where, std::move(op))}});
    return Accumulator<T>(addAccumulator(std::move(factory), name));
  }

  /// Runs `f(records)` on each partition (or those named) and returns the results in that order.
  template <class Rdd, class F>
  auto runJob(const Rdd& rdd, F f, Where where = Where::current()) {
    api::checkSameContext(*runner(), {"runJob", where}, *rdd.node());
    return rdd.runPartitions(std::move(f), api::allPartitions(rdd.getNumPartitions()), where);
  }
  template <class Rdd, class F>
  auto runJob(const Rdd& rdd, F f, std::vector<int> partitions, Where where = Where::current()) {
    api::checkSameContext(*runner(), {"runJob", where}, *rdd.node());
    for (int p : partitions) checkPartition(p, rdd.getNumPartitions(), where);
    return rdd.runPartitions(std::move(f), std::move(partitions), where);
  }

  /// Jobs that this thread starts from now on belong to `group`.
  void setJobGroup(const std::string& group, const std::string& description = "");
  /// The next jobs of this thread belong to no group and have no description.
  void clearJobGroup();
  /// What the pages show for the next jobs of this thread in place of the call site.
  void setJobDescription(const std::string& description);
  /// A setting of this thread's jobs; tasks read it with TaskContext::getLocalProperty. "cerium.scheduler.pool" names
  /// the FAIR pool.
  void setLocalProperty(const std::string& key, const std::string& value);
  /// The value that setLocalProperty() gave on this thread; empty without.
  [[nodiscard]] std::string getLocalProperty(const std::string& key) const;
  /// Cancelled jobs throw JobFailed with cancelled() in the threads that wait for them.
  void cancelJob(int64_t job, const std::string& reason = "");
  /// Cancels the running jobs of a group; their actions throw JobFailed with `reason`.
  void cancelJobGroup(const std::string& group, const std::string& reason = "");
  /// Cancels every running job of this Context.
  void cancelAllJobs();
  /// A FAIR pool's weight (share relative to others) and the cores it gets before others get any beyond theirs.
  void setPool(const std::string& name, int weight, int min_share);
  /// What runs now: jobs, stages, executors.
  [[nodiscard]] StatusTracker statusTracker() const;
  /// Calls `listener` for what happens from now on, on a thread of its own; its exceptions are logged.
  void addListener(std::shared_ptr<Listener> listener);

  /// A file for all tasks; File::get(name) is its path in a task.
  void addFile(const std::string& path);
  /// Where checkpoint() writes; on a cluster, a folder that all machines see.
  void setCheckpointDir(const std::string& path);
  /// The driver logs at `level` from now on: DEBUG, INFO, WARN, ERROR or OFF; executors keep theirs (cerium.logLevel).
  /// Throws InvalidArgument for another name.
  void setLogLevel(const std::string& level);
  /// The number of partitions where the program names none: `cerium.default.parallelism`, else the cores.
  [[nodiscard]] int defaultParallelism() const;
  /// The id of this application, unique on its cluster.
  [[nodiscard]] std::string applicationId() const;
  /// The name that Conf::setAppName() gave.
  [[nodiscard]] std::string appName() const;
  /// The master URL, such as local[4].
  [[nodiscard]] std::string master() const;
  /// Address of the web UI; empty where there is none.
  [[nodiscard]] std::string uiWebUrl() const;
  /// Where the executors' logs are; empty in local mode.
  [[nodiscard]] std::string executorLogDir() const;
  /// The version of Cerium, such as 0.1.0.
  [[nodiscard]] static std::string version();
  /// All settings with their values.
  [[nodiscard]] const Conf& getConf() const;
  /// Ends all executors; jobs that still run fail. Idempotent, and what the destructor does.
  void stop();
  /// Whether stop() was called. Every other operation then throws.
  [[nodiscard]] bool isStopped() const;

 private:
  static constexpr int64_t kDefaultPartitions =
      std::numeric_limits<int64_t>::min();  // no number that a program could mean

  /// A vector that is given away is kept as it is; the records of anything else are copied.
  template <class T, class Range>
  RDD<T> parallelizeRecords(Range&& range, int64_t partitions, const Where& where) {
    const int n = slices(partitions, {"parallelize", where});
    ops::Parallelize<T> body{nullptr, 0, nullptr, n};
    if constexpr (std::is_same_v<Range, std::vector<T>> && !std::is_same_v<T, bool>) {
      body.records = range.data();  // a moved vector keeps its array
      body.size = range.size();
      body.keep = shareErased(std::move(range));
    } else {
      RecordBuffer<T> records;
      if constexpr (requires { range.size(); }) records.reserve(range.size());
      for (auto&& each : range) records.emplace_back(std::forward<decltype(each)>(each));
      body.records = records.data();
      body.size = records.size();
      body.keep = shareErased(std::move(records));
    }
    return api::makeRdd<T>(runner(), {"parallelize", where}, n, {}, std::move(body));
  }
  int slices(int64_t partitions, const CallSite& site) const;
  static void checkPartition(int p, int partitions, const Where& where);
  std::vector<std::string> objectFiles(const std::string& path) const;
  BroadcastId addBroadcast(std::shared_ptr<const void> value, std::function<Bytes()> encode);
  AccumulatorId addAccumulator(std::shared_ptr<const AccumulatorFactory> factory, const std::string& name);
  [[nodiscard]] JobRunnerPtr runner() const;

  std::shared_ptr<Engine> engine_;
};

/// Files that the driver added with Context::addFile.
class File {
 public:
  /// Path of the local copy, in the driver or in a task. Throws InvalidArgument for a name that was not added.
  static std::string get(const std::string& name);
};

/// For programs that have other work to do before they build a Context (a test runner, say): in an executor process
/// this call serves tasks and does not return; in any other it does nothing. Call it first in main.
void serveIfExecutor();

/// An order of pairs by their value, then by key: counts.top(10, byValue()).
struct ByValue {
  template <class P>
  bool operator()(const P& a, const P& b) const {
    KeyLess less;
    if (less(a.second, b.second)) return true;
    return !less(b.second, a.second) && less(b.first, a.first);
  }
};
inline ByValue byValue() { return {}; }

}  // namespace cerium
