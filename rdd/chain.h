// Cerium. Licensed under the Apache License 2.0.
// Chain: what a narrow operation returns. Its type holds the composed functions, so that the chain and its end compile
// into one loop.
#pragma once

#include "rdd/rdd.h"

namespace cerium {

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

  /// The number of partitions. Costs nothing.
  [[nodiscard]] int getNumPartitions() const { return source_->numPartitions(); }
  /// How pairs are spread over the partitions; nothing if that is not known.
  [[nodiscard]] const std::optional<Partitioner>& partitioner() const { return partitioner_; }

  // The members below are for the engine.
  /// \cond
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
  /// \endcond

 private:
  TypedNodePtr<S> source_;
  P pipe_;
  api::ChainStatePtr state_;
  JobRunnerPtr runner_;
  CallSite site_;
  std::optional<Partitioner> partitioner_;
};

}  // namespace cerium
