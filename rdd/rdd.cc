// Cerium. Licensed under the Apache License 2.0.
#include "rdd/rdd.h"

namespace cerium::api {

NodePtr ChainState::node() {
  MutexLock lock(mutex_);
  if (!node_) node_ = resolve();
  return node_;
}

NodePtr ChainState::setNode(NodePtr made) {
  MutexLock lock(mutex_);
  if (!node_) node_ = std::move(made);
  return node_;
}

}  // namespace cerium::api
