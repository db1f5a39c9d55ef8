// Cerium. Licensed under the Apache License 2.0.
// What the API mixins share: building nodes and jobs, and turning results into values.
#pragma once

#include <optional>
#include <source_location>
#include <type_traits>
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

/// What a range holds; bool for std::vector<bool>, whose iterators give proxies.
template <class Range>
using RecordIn = std::conditional_t<std::is_same_v<std::decay_t<Range>, std::vector<bool>>, bool,
                                    std::decay_t<decltype(*std::begin(std::declval<Range&>()))>>;

/// A new node and the handle on it.
template <class T, class Body>
RDD<T> makeRdd(const JobRunnerPtr& runner, OperationSite site, int partitions, std::vector<Dependency> dependencies,
               Body body, std::optional<Partitioner> partitioner = {}) {
  auto* node = new OpNode<T, Body>(runner->nextRddId(), site, partitions, std::move(dependencies), std::move(body));
  const NodePtr owner(static_cast<RddNode*>(node));  // one kind of owner for all nodes, whatever their type
  node->setPartitioner(std::move(partitioner));
  return RDD<T>(std::shared_ptr<Node<T>>(owner, node), runner);
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

/// A job whose tasks each give an R. Results may be taken when wait() returned.
template <class R>
struct TypedJob {
  std::shared_ptr<std::vector<TaskResult>> results;
  std::shared_ptr<JobHandle> handle;

  std::vector<R> wait() {
    handle->wait();
    std::vector<R> values;
    values.reserve(results->size());
    for (TaskResult& result : *results) {
      values.push_back(takeResult<R>(result));
      result = {};
    }
    return values;
  }
};

template <class R>
TypedJob<R> startJob(const JobRunnerPtr& runner, OperationSite site, NodePtr node, std::shared_ptr<const TaskBody> body,
                     std::vector<int> partitions) {
  auto results = std::make_shared<std::vector<TaskResult>>(partitions.size());
  JobRequest request{std::move(body), std::move(node), std::move(partitions), site, {}};
  request.on_result = [results](size_t index, TaskResult&& result) { (*results)[index] = std::move(result); };
  return {results, runner->submit(std::move(request))};
}

inline std::vector<int> allPartitions(int n) {
  std::vector<int> partitions(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) partitions[static_cast<size_t>(i)] = i;
  return partitions;
}

}  // namespace api
}  // namespace cerium
