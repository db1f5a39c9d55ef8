// Cerium. Licensed under the Apache License 2.0.
// What the API mixins share: building nodes and jobs, and turning results into values.
#pragma once

#include <optional>
#include <source_location>
#include <type_traits>
#include <unordered_map>
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

/// Stands for "none named" in the last parameter of wide operations.
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

/// One readable error for a record type that cannot travel; `Operation` and `T` stand in the line above it.
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
  return {OperationSite(operation, where), std::move(f)};
}

inline Dependency narrowOn(NodePtr parent) { return {std::move(parent), nullptr}; }

/// What a range holds, as records.
template <class Range>
using RecordIn = RecordType<decltype(*std::begin(std::declval<Range&>()))>;

/// A map by Cerium's idea of keys: NaN is found, and pairs and tuples have a hash. Becomes a plain map where one is
/// named.
template <class K, class V>
struct KeyMap : std::unordered_map<K, V, Hash<K>, KeyEqual> {
  using std::unordered_map<K, V, Hash<K>, KeyEqual>::unordered_map;
  operator std::unordered_map<K, V>() const requires keys::StdHashable<K> {  // NOLINT: meant to convert
    return {this->begin(), this->end()};
  }
};
/// What actions that return a map give: a plain one where that is as good.
template <class K, class V>
using ResultMap =
    std::conditional_t<keys::StdHashable<K> && !std::is_floating_point_v<K>, std::unordered_map<K, V>, KeyMap<K, V>>;

/// A number of partitions that a program names. Throws InvalidArgument for one that is not positive, or that is more
/// than there can be.
int checkedPartitions(const OperationSite& site, int64_t partitions);
/// The same for one that follows from those of parents: it may be 0.
int checkedTotal(const OperationSite& site, int64_t partitions);
/// Throws InvalidArgument where a parent of the node belongs to another Context.
void adopt(const JobRunner& runner, RddNode& node);
/// Throws InvalidArgument where `other` belongs to another Context than `runner`.
void checkSameContext(const JobRunner& runner, const OperationSite& site, const RddNode& other);

/// A new node and the handle on it.
template <class T, class Body>
RDD<T> makeRdd(const JobRunnerPtr& runner, OperationSite site, int partitions, std::vector<Dependency> dependencies,
               Body body, std::optional<Partitioner> partitioner = {}) {
  auto* node = new OpNode<T, Body>(runner->nextRddId(), site, partitions, std::move(dependencies), std::move(body));
  NodePtr owner(static_cast<RddNode*>(node));  // one kind of owner for all nodes, whatever their type
  adopt(*runner, *owner);
  node->setPartitioner(std::move(partitioner));
  return RDD<T>(TypedNodePtr<T>(std::move(owner)), runner);
}

/// All partitions of `rdds`, in order; see Transformations::union_.
template <class T>
RDD<T> unionOf(const JobRunnerPtr& runner, const std::vector<RDD<T>>& rdds, const Where& where);

/// The value of one finished task.
template <class R>
R takeResult(TaskResult& result) {
  if (result.value) return std::move(*static_cast<R*>(result.value.get()));
  Reader in(result.encoded);
  return decodeValue<R>(in);
}

/// A job under way, and the results of its tasks as they come.
class PendingJob {
 public:
  PendingJob(const JobRunnerPtr& runner, OperationSite site, NodePtr node, std::shared_ptr<const TaskBody> body,
             std::vector<int> partitions);
  /// Blocks until the job has ended; throws JobFailed where it failed. Then the results are there, each to take once.
  void wait() const;
  [[nodiscard]] size_t size() const;
  [[nodiscard]] TaskResult take(size_t index) const;
  [[nodiscard]] const std::shared_ptr<JobHandle>& handle() const { return handle_; }

 private:
  std::shared_ptr<std::vector<TaskResult>> results_;
  std::shared_ptr<JobHandle> handle_;
};

/// A job whose tasks each give an R.
template <class R>
struct TypedJob : PendingJob {
  using PendingJob::PendingJob;

  std::vector<R> wait() const {
    PendingJob::wait();
    std::vector<R> values;
    merged([&] {
      values.reserve(size());
      for (size_t i = 0; i < size(); ++i) {
        TaskResult result = take(i);
        values.push_back(takeResult<R>(result));
      }
    });
    return values;
  }
  /// Does `merge` to the results, here in the driver; what it throws fails the job.
  template <class Merge>
  void merged(Merge merge) const {
    try {
      merge();
    } catch (...) {
      std::rethrow_exception(this->handle()->failureInDriver());
    }
  }
};

template <class R>
TypedJob<R> startJob(const JobRunnerPtr& runner, OperationSite site, NodePtr node, std::shared_ptr<const TaskBody> body,
                     std::vector<int> partitions) {
  return TypedJob<R>(runner, site, std::move(node), std::move(body), std::move(partitions));
}

/// 0 .. n-1.
std::vector<int> allPartitions(int n);

}  // namespace api
}  // namespace cerium
