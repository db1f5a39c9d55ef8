// Cerium. Licensed under the Apache License 2.0.
// The common code of the API's mixins: makes nodes and jobs, and turns results into values.
#pragma once

#include <optional>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rdd/fused_body.h"
#include "rdd/fwd.h"
#include "rdd/job_runner.h"
#include "rdd/ops/chain.h"
#include "rdd/partitioner.h"

namespace cerium {

/// The place of a call; the last parameter of every operation.
using Where = std::source_location;

namespace api {

/// The default of the last parameter of wide operations: no partitioner is named.
struct UseDefault {};

template <class T>
struct PairTraits {
  static constexpr bool kIsPair = false;
  using Key = void;
  using Value = void;
};
template <class K, class V>
struct PairTraits<std::pair<K, V>> {
  static constexpr bool kIsPair = true;
  using Key = K;
  using Value = V;
};
template <class T>
concept IsPair = PairTraits<T>::kIsPair;

/// One readable error for a record type that cannot travel; the compiler names `Operation` and `T` in the line above
/// it.
template <class Operation, class T>
constexpr void requireSerializable() {
  static_assert(std::is_nothrow_destructible_v<T>,
                "cerium: the destructor of this type may throw, which would end the process; make it noexcept");
  static_assert(
      Serializable<T>,
      "cerium: records of this type cannot be serialized: they are not trivially copyable, not a standard type "
      "of such, and have no cereal `serialize`. Add `template <class A> void serialize(A& ar) { ar(member1, "
      "member2); }` to the type.");
}

/// Names of operations, as they appear in compile errors: `require<op::map, F>`.
namespace op {
struct map;
struct flatMap;
struct filter;
struct mapPartitions;
struct mapValues;
struct flatMapValues;
struct foreach_;
struct reduce;
struct aggregate;
struct collect;
struct cache;
struct parallelize;
struct shuffle;
struct sortBy;
struct keyBy;
struct zipPartitions;
struct runJob;
struct broadcast;
struct accumulator;
}  // namespace op

template <class F>
Located<F> located(const char* operation, const Where& where, F f) {
  return {CallSite(operation, where), std::move(f)};
}

inline Dependency narrowOn(NodePtr parent) { return {std::move(parent), nullptr}; }

/// The record type of a range's elements.
template <class Range>
using RecordIn = RecordType<decltype(*std::begin(std::declval<Range&>()))>;

/// A map with Cerium's hash and equality: NaN is found, and pairs and tuples have a hash. Converts to a
/// std::unordered_map.
template <class K, class V>
struct KeyMap : std::unordered_map<K, V, Hash<K>, KeyEqual> {
  using std::unordered_map<K, V, Hash<K>, KeyEqual>::unordered_map;
  operator std::unordered_map<K, V>() const requires keys::StdHashable<K> {  // NOLINT: meant to convert
    return {this->begin(), this->end()};
  }
};
/// The map type that actions return: std::unordered_map if it finds the same keys, else KeyMap.
template <class K, class V>
using ResultMap =
    std::conditional_t<keys::StdHashable<K> && !std::is_floating_point_v<K>, std::unordered_map<K, V>, KeyMap<K, V>>;

/// Checks a number of partitions that a program names. Throws InvalidArgument unless it is positive and possible.
int checkedPartitions(const CallSite& site, int64_t partitions);
/// Checks a number of partitions that is computed from the parents'. It may be 0.
int checkedTotal(const CallSite& site, int64_t partitions);
/// Throws InvalidArgument if a parent of the node belongs to another Context.
void adopt(const JobRunner& runner, RddNode& node);
/// Throws InvalidArgument if `other` belongs to another Context than `runner`.
void checkSameContext(const JobRunner& runner, const CallSite& site, const RddNode& other);

/// Makes a node and returns its handle.
template <class T, class Body>
RDD<T> makeRdd(const JobRunnerPtr& runner, CallSite site, int partitions, std::vector<Dependency> dependencies,
               Body body, std::optional<Partitioner> partitioner = {}) {
  auto* node = new OpNode<T, Body>(runner->nextRddId(), site, partitions, std::move(dependencies), std::move(body));
  NodePtr owner(static_cast<RddNode*>(node));  // all nodes have the same kind of owner, whatever their type
  adopt(*runner, *owner);
  node->setPartitioner(std::move(partitioner));
  return RDD<T>(TypedNodePtr<T>(std::move(owner)), runner);
}

/// All partitions of `rdds`, in order; see Transformations::union_.
template <class T>
RDD<T> unionOf(const JobRunnerPtr& runner, const std::vector<RDD<T>>& rdds, const Where& where);

/// The value of a finished task.
template <class R>
R takeResult(TaskResult& result) {
  if (result.value) return std::move(*static_cast<R*>(result.value.get()));
  Reader in(result.encoded);
  return decodeValue<R>(in);
}

/// The results of a job's tasks. Threads: put() on the scheduler's thread, take() once the job has ended.
class TaskResults {
 public:
  explicit TaskResults(size_t tasks) : results_(tasks) {}

  void put(size_t index, TaskResult&& result) { results_[index] = std::move(result); }
  /// The results in order. Call it once.
  template <class R>
  [[nodiscard]] std::vector<R> take() {
    std::vector<R> values;
    values.reserve(results_.size());
    for (TaskResult& each : results_) {
      TaskResult result = std::exchange(each, {});
      values.push_back(takeResult<R>(result));
    }
    return values;
  }

 private:
  std::vector<TaskResult> results_;
};

/// Results of plain types such as numbers, stored as adjacent bytes, because a job may have ten million tasks. Other
/// results are decoded by the waiting thread, because the program's code may be slow or throw.
class PlainResults {
 public:
  PlainResults(size_t tasks, size_t bytes_each);

  void put(size_t index, TaskResult&& result);
  template <class R>
  [[nodiscard]] std::vector<R> take() {
    checkAll();
    std::vector<R> values;
    values.reserve(tasks_);
    Reader in(std::string_view(bytes_.get(), tasks_ * sizeof(R)));
    for (size_t i = 0; i < tasks_; ++i) values.push_back(decodeValue<R>(in));
    bytes_.reset();
    return values;
  }

 private:
  void checkAll() const;

  const size_t tasks_;
  const size_t bytes_each_;
  size_t missing_;                 ///< Results that have not come, or have a wrong size.
  std::unique_ptr<char[]> bytes_;  ///< Not zeroed, so that it takes no memory until results come.
};

template <class Results>
std::shared_ptr<JobHandle> start(const JobRunnerPtr& runner, JobRequest request, std::shared_ptr<Results> results) {
  request.on_result = [results = std::move(results)](size_t index, TaskResult&& result) {
    results->put(index, std::move(result));
  };
  return runner->submit(std::move(request));
}

/// A running job whose tasks each return an R.
template <class R>
class TypedJob {
 public:
  TypedJob(const JobRunnerPtr& runner, JobRequest request)
      : results_(makeResults(request.partitions.size())), handle_(start(runner, std::move(request), results_)) {}

  /// Blocks until the job has ended and returns the results of its tasks, in order. Call it once. Throws JobFailed if
  /// the job failed.
  std::vector<R> wait() const {
    handle_->wait();
    std::vector<R> values;
    merged([&] { values = results_->template take<R>(); });
    return values;
  }
  [[nodiscard]] const std::shared_ptr<JobHandle>& handle() const { return handle_; }
  /// Calls `merge`, which handles the results on the driver. An exception of it fails the job.
  template <class Merge>
  void merged(Merge merge) const {
    try {
      merge();
    } catch (...) {
      std::rethrow_exception(handle_->failureInDriver());
    }
  }

 private:
  using Results = std::conditional_t<kBitwise<R>, PlainResults, TaskResults>;

  static std::shared_ptr<Results> makeResults(size_t tasks) {
    if constexpr (kBitwise<R>) {
      return std::make_shared<PlainResults>(tasks, sizeof(R));
    } else {
      return std::make_shared<TaskResults>(tasks);
    }
  }

  std::shared_ptr<Results> results_;
  std::shared_ptr<JobHandle> handle_;
};

template <class R>
TypedJob<R> startJob(const JobRunnerPtr& runner, CallSite site, NodePtr node, std::shared_ptr<const TaskBody> body,
                     std::vector<int> partitions) {
  return TypedJob<R>(runner, {std::move(body), std::move(node), std::move(partitions), site, {}});
}

/// 0 .. n-1.
std::vector<int> allPartitions(int n);

}  // namespace api
}  // namespace cerium
