// Cerium. Licensed under the Apache License 2.0.
#include "executor/blocks/block_directory.h"

namespace cerium {

void BlockDirectory::learn(protocol::LaunchTasks& launch) {
  MutexLock lock(mutex_);
  for (auto& peer : launch.peers) peers_[peer.executor] = {peer.host, peer.port};
  for (auto& shuffle : launch.shuffles) {
    shuffle.checksums.resize(shuffle.executors.size());  // the two lists of a message need not have the same length
    const ShuffleId id(shuffle.shuffle);
    shuffles_[id] = std::make_shared<const protocol::ShuffleLocations>(std::move(shuffle));
  }
  for (const auto& cached : launch.cached) cached_[{cached.rdd, cached.partition}] = cached.executor;
}

void BlockDirectory::forget(ShuffleId shuffle) {
  MutexLock lock(mutex_);
  shuffles_.erase(shuffle);
}

void BlockDirectory::forget(RddId rdd) {
  MutexLock lock(mutex_);
  cached_.erase(cached_.lower_bound({rdd.value, 0}), cached_.lower_bound({rdd.value + 1, 0}));
}

std::optional<rpc::Endpoint> BlockDirectory::forget(ExecutorId executor) {
  MutexLock lock(mutex_);
  auto found = peers_.extract(executor.value);
  if (!found) return std::nullopt;
  return std::move(found.mapped());
}

RemoteShuffle::Where BlockDirectory::find(ShuffleId shuffle) const {
  MutexLock lock(mutex_);
  auto found = shuffles_.find(shuffle);
  if (found == shuffles_.end())
    throw FetchFailed(shuffle, 0, ExecutorId(), "the locations of the shuffle are not known");
  return {self_, found->second, peers_};
}

bool BlockDirectory::isCurrent(const RemoteShuffle& shuffle) const {
  MutexLock lock(mutex_);
  auto found = shuffles_.find(shuffle.range().shuffle);
  return found != shuffles_.end() && found->second == shuffle.locations();
}

std::optional<rpc::Endpoint> BlockDirectory::find(RddId rdd, int partition) const {
  MutexLock lock(mutex_);
  auto found = cached_.find({rdd.value, partition});
  if (found == cached_.end() || found->second == self_.value) return std::nullopt;
  auto peer = peers_.find(found->second);
  return peer == peers_.end() ? std::nullopt : std::optional(peer->second);
}

}  // namespace cerium
