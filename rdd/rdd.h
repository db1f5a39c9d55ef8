// Cerium. Licensed under the Apache License 2.0.
// RDD<T> and Chain: the two forms of a distributed collection. Both are light handles on lineage with the same
// operations (rdd/api/). A narrow operation returns a Chain, whose type holds the composed functions, so that the chain
// and its end compile into one loop. A Chain converts to an RDD<T> where one is needed.
#pragma once

#include <memory>
#include <mutex>

#include "rdd/api/basics.h"
#include "rdd/api/checkpoint.h"
#include "rdd/api/key_operations.h"
#include "rdd/api/pair_operations.h"
#include "rdd/api/save.h"
#include "rdd/api/statistics.h"
#include "rdd/api/transformations.h"
#include "rdd/api/tree_aggregate.h"
#include "rdd/common_types.h"

namespace cerium {

namespace api {

/// All operations of RDD and Chain.
template <class Self, class T>
class Operations : public Basics<Self, T>,
                   public Transformations<Self, T>,
                   public Actions<Self, T>,
                   public Saving<Self, T>,
                   public KeyOperations<Self, T>,
                   public PairOperations<Self, T>,
                   public OrderedOperations<Self, T>,
                   public Statistics<Self, T> {
 public:
  using rdd_tag = void;
};

/// The state that copies of one chain share: its node, once it has one. A chain gets a node when an operation needs an
/// identity (cache, id, union, ...). From then on the chain, and chains built on it, read through that node, so `auto m
/// = x.map(f); m.cache();` caches m for every copy of the handle.
class ChainState {
 public:
  virtual ~ChainState() = default;

  /// The node, or a new one on the node of the parent chain; null if the pipe is still to be fused.
  NodePtr node();
  /// Sets the node if there is none. Returns the node that is set.
  template <class Make>
  NodePtr nodeOr(Make make) {
    if (auto known = node()) return known;
    return setNode(make());
  }

 private:
  virtual NodePtr resolve() = 0;
  NodePtr setNode(NodePtr made);

  std::mutex mutex_;
  NodePtr node_;  // guarded by mutex_
};
using ChainStatePtr = std::shared_ptr<ChainState>;

template <class T0, class Op, class T>
class ChainStep final : public ChainState {
 public:
  ChainStep(ChainStatePtr parent, Op op, CallSite site, JobRunnerPtr runner, bool keeps)
      : parent_(std::move(parent)), op_(std::move(op)), site_(site), runner_(std::move(runner)), keeps_(keeps) {}

 private:
  NodePtr resolve() override {
    auto node = parent_ ? parent_->node() : nullptr;
    if (!node) return nullptr;
    const int partitions = node->numPartitions();
    auto partitioner = keeps_ ? node->partitioner() : std::nullopt;
    return makeRdd<T>(runner_, site_, partitions, {narrowOn(std::move(node))}, ops::Chain<T0, Op, T>{op_}, partitioner)
        .node();
  }

  ChainStatePtr parent_;
  Op op_;
  CallSite site_;
  JobRunnerPtr runner_;
  bool keeps_;
};

}  // namespace api

/// A distributed collection of records of type T. Copies share the lineage. Threads: may be used from any thread.
///   RDD<int64_t> evens = sc.range(0, 100).filter([](int64_t x) { return x % 2 == 0; });
template <class T>
class RDD : public api::Operations<RDD<T>, T> {
 public:
  using value_type = T;

  RDD(TypedNodePtr<T> node, JobRunnerPtr runner) : node_(std::move(node)), runner_(std::move(runner)) {}

  [[nodiscard]] int getNumPartitions() const { return node_->numPartitions(); }
  [[nodiscard]] std::optional<Partitioner> partitioner() const { return node_->partitioner(); }

  // The members below are for the engine.
  [[nodiscard]] const TypedNodePtr<T>& node() const { return node_; }
  [[nodiscard]] const JobRunnerPtr& runner() const { return runner_; }
  [[nodiscard]] const RDD& rdd() const { return *this; }

  template <class U, class Op>
  auto append(Op op, bool keeps_partitioner) const {
    const CallSite site = op.f.site;
    api::ChainStatePtr state(
        static_cast<api::ChainState*>(new api::ChainStep<T, Op, U>(nullptr, op, site, runner_, keeps_partitioner)));
    return Chain<T, Op, U>(node_, std::move(op), std::move(state), runner_, site,
                           keeps_partitioner ? partitioner() : std::nullopt);
  }
  /// Calls `f(source node, pipe)` with the source and the pipe of a fused loop.
  template <class F>
  auto fused(F f) const {
    return f(node_, narrow::Identity());
  }
  /// A shuffle whose map side ends this RDD's loop with `writer`.
  template <class Writer>
  auto shuffleWith(Writer writer, int partitions) const {
    return runner_->newShuffle(node_, partitions, fusedBody<T>(node_, narrow::Identity(), std::move(writer)));
  }

 private:
  TypedNodePtr<T> node_;
  JobRunnerPtr runner_;
};

/// A chain of narrow operations from an RDD of S to records of T.
template <class S, class P, class T>
class Chain : public api::Operations<Chain<S, P, T>, T> {
 public:
  using value_type = T;

  Chain(TypedNodePtr<S> source, P pipe, api::ChainStatePtr state, JobRunnerPtr runner, CallSite site,
        std::optional<Partitioner> partitioner)
      : source_(std::move(source)),
        pipe_(std::move(pipe)),
        state_(std::move(state)),
        runner_(std::move(runner)),
        site_(site),
        partitioner_(std::move(partitioner)) {}

  operator RDD<T>() const { return rdd(); }  // NOLINT: meant to convert

  [[nodiscard]] int getNumPartitions() const { return source_->numPartitions(); }
  [[nodiscard]] const std::optional<Partitioner>& partitioner() const { return partitioner_; }

  // The members below are for the engine.
  [[nodiscard]] TypedNodePtr<T> node() const {
    return TypedNodePtr<T>(state_->nodeOr([this]() -> NodePtr {
      return api::makeRdd<T>(runner_, site_, getNumPartitions(), {api::narrowOn(source_)}, ops::Chain<S, P, T>{pipe_},
                             partitioner_)
          .node();
    }));
  }
  [[nodiscard]] RDD<T> rdd() const { return RDD<T>(node(), runner_); }
  [[nodiscard]] const JobRunnerPtr& runner() const { return runner_; }

  template <class U, class Op>
  auto append(Op op, bool keeps_partitioner) const {
    const CallSite site = op.f.site;
    api::ChainStatePtr state(
        static_cast<api::ChainState*>(new api::ChainStep<T, Op, U>(state_, op, site, runner_, keeps_partitioner)));
    auto pipe = narrow::then(pipe_, std::move(op));
    return Chain<S, decltype(pipe), U>(source_, std::move(pipe), std::move(state), runner_, site,
                                       keeps_partitioner ? partitioner_ : std::nullopt);
  }
  template <class F>
  auto fused(F f) const {
    if (auto node = state_->node()) return f(TypedNodePtr<T>(node), narrow::Identity());
    return f(source_, pipe_);
  }
  template <class Writer>
  auto shuffleWith(Writer writer, int partitions) const {
    if (auto node = state_->node())
      return RDD<T>(TypedNodePtr<T>(node), runner_).shuffleWith(std::move(writer), partitions);
    return runner_->newShuffle(source_, partitions, fusedBody<S>(source_, pipe_, std::move(writer)));
  }

 private:
  TypedNodePtr<S> source_;
  P pipe_;
  api::ChainStatePtr state_;
  JobRunnerPtr runner_;
  CallSite site_;
  std::optional<Partitioner> partitioner_;
};

}  // namespace cerium
