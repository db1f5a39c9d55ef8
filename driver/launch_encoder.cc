// Cerium. Licensed under the Apache License 2.0.
#include "driver/launch_encoder.h"

#include "base/util/exception_text.h"
#include "rdd/accumulator_registry.h"
#include "rdd/stage_code.h"

namespace cerium {

const LaunchEncoder::Prepared& LaunchEncoder::prepare(const StageCode& stage) {
  auto known = stages_.find(stage.id);
  if (known != stages_.end()) return known->second;
  Prepared prepared;
  prepared.code = encodeStage(*stage.body);
  prepared.num_partitions = stage.num_partitions;
  for (const RddNode* node : stageNodes(&stage.body->node())) {
    for (const Dependency& dependency : node->dependencies()) {
      if (dependency.shuffle) prepared.shuffles.push_back(dependency.shuffle->id());
    }
    if (node->storageLevel() != StorageLevel::NONE) {
      prepared.has_cached = true;
      levels_[node->id()] = node->storageLevel();
    }
    prepared.has_sources = prepared.has_sources || node->dependencies().empty();
  }
  return stages_.emplace(stage.id, std::move(prepared)).first->second;
}

protocol::LaunchTasks LaunchEncoder::encode(ToldExecutor& told, const std::vector<TaskLaunch>& tasks,
                                            const DagScheduler& dag, std::vector<TaskReport>& unsent) {
  protocol::LaunchTasks message;
  auto& registry = AccumulatorRegistry::instance();
  for (auto& [id, bytes] : registry.encodedFrom(context_, told.next_accumulator, told.next_accumulator)) {
    message.accumulators.push_back({id.value, std::move(bytes)});
  }
  for (const TaskLaunch& task : tasks) {
    (void)closure::takeThrowSite();
    const auto thrown = guarded([&] { add(task, told, dag, message); });
    if (!thrown) continue;
    TaskReport& end = unsent.emplace_back();
    end.id = task.id;
    end.outcome = TaskReport::Outcome::kNotSent;
    end.message = "the task cannot be serialized: " + thrown->message;
    end.exception_type = thrown->type;
    if (const OperationSite* site = closure::takeThrowSite()) end.call_site = site->str();
  }
  tellPeers(told, message);
  return message;
}

/// What may throw comes first: a task that cannot be encoded leaves nothing in the message.
void LaunchEncoder::add(const TaskLaunch& task, ToldExecutor& told, const DagScheduler& dag,
                        protocol::LaunchTasks& message) {
  const Prepared& prepared = prepare(*task.stage);
  protocol::TaskLaunch out{task.id.value, task.stage->id.value, task.stage_attempt, task.partition, task.attempt, {}};
  addInputs(*task.stage, prepared, task, message, out);
  for (ShuffleId shuffle : prepared.shuffles) tellShuffle(told, shuffle, dag, message);
  if (told.stages.insert(task.stage->id).second) {
    message.stages.push_back({task.stage->id.value,
                              task.stage->shuffle ? task.stage->shuffle->value : -1,
                              prepared.num_partitions,
                              prepared.code,
                              {task.stage->properties.begin(), task.stage->properties.end()}});
  }
  message.tasks.push_back(std::move(out));
}

void LaunchEncoder::tellShuffle(ToldExecutor& told, ShuffleId shuffle, const DagScheduler& dag,
                                protocol::LaunchTasks& message) {
  const int64_t epoch = dag.mapOutputEpoch(shuffle);
  auto known = told.shuffles.find(shuffle);
  if (known != told.shuffles.end() && known->second == epoch) return;
  told.shuffles[shuffle] = epoch;
  protocol::ShuffleLocations locations{shuffle.value, epoch, {}, {}};
  for (const auto& output : dag.mapOutputs(shuffle)) {
    locations.executors.push_back(output ? output->executor.value : -1);
    locations.checksums.push_back(output ? output->checksum : 0);
  }
  message.shuffles.push_back(std::move(locations));
}

void LaunchEncoder::tellPeers(ToldExecutor& told, protocol::LaunchTasks& message) const {
  for (const auto& [id, peer] : peers_) {
    if (told.peers.insert(id).second) message.peers.push_back(peer);
  }
}

void LaunchEncoder::addInputs(const StageCode& stage, const Prepared& prepared, const TaskLaunch& task,
                              protocol::LaunchTasks& message, protocol::TaskLaunch& out) const {
  if (prepared.has_sources) {
    for (SourcePartition& source : sourcePartitions(stage.body->node(), task.partition)) {
      out.data.push_back({source.rdd.value, source.partition, std::move(source.data)});
    }
  }
  if (!prepared.has_cached) return;
  for (const PartitionRef& cached : cachedPartitions(stage.body->node(), task.partition)) {
    auto holders = cached_.find({cached.node->id(), cached.partition});
    if (holders == cached_.end() || holders->second.empty()) continue;
    message.cached.push_back({cached.node->id().value, cached.partition, holders->second.begin()->value});
  }
}

void LaunchEncoder::forgetExecutor(ExecutorId executor) {
  peers_.erase(executor.value);
  for (auto at = cached_.begin(); at != cached_.end();) {
    at->second.erase(executor);
    at = at->second.empty() ? cached_.erase(at) : std::next(at);
  }
}

void LaunchEncoder::blockChanged(ExecutorId executor, const BlockChange& change) {
  auto& holders = cached_[{change.rdd, change.partition}];
  if (change.present) {
    holders.insert(executor);
  } else {
    holders.erase(executor);
  }
  if (holders.empty()) cached_.erase({change.rdd, change.partition});
}

void LaunchEncoder::forgetRdd(RddId rdd) {
  levels_.erase(rdd);
  forgetBlocks(rdd);
}

void LaunchEncoder::forgetBlocks(RddId rdd) {
  cached_.erase(cached_.lower_bound({rdd, 0}), cached_.lower_bound({RddId(rdd.value + 1), 0}));
}

size_t LaunchEncoder::holders(RddId rdd, int partition) const {
  auto found = cached_.find({rdd, partition});
  return found == cached_.end() ? 0 : found->second.size();
}

StorageLevel LaunchEncoder::levelOf(RddId rdd) const {
  auto found = levels_.find(rdd);
  return found == levels_.end() ? StorageLevel::NONE : found->second;
}

int LaunchEncoder::partitionsOf(StageId stage) const {
  auto found = stages_.find(stage);
  return found == stages_.end() ? 0 : found->second.num_partitions;
}

}  // namespace cerium
