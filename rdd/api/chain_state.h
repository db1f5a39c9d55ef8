// Cerium. Licensed under the Apache License 2.0.
// The node of a chain, which its copies share.
#pragma once

#include <memory>

#include "base/util/mutex.h"
#include "rdd/api/support.h"

namespace cerium::api {

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

  Mutex mutex_;
  NodePtr node_ CERIUM_GUARDED_BY(mutex_);
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

}  // namespace cerium::api
