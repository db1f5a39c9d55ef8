// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/launch_encoder.h"

#include <fmt/format.h>

#include "base/rpc/transport.h"
#include "base/util/error.h"
#include "base/util/exception_text.h"
#include "base/util/log.h"
#include "rdd/accumulator_registry.h"
#include "rdd/stage_code.h"

namespace cerium {
namespace {

// A message is a copy of all that is in it: beyond so many bytes the next tasks get one of their own.
constexpr size_t kLargeMessage = size_t{16} << 20;
// What takes longer to send to each executor than most tasks take to run.
constexpr size_t kLargeCode = size_t{1} << 20;
// Beside code and data, which may be nearly all of a message.
constexpr size_t kRoom = size_t{1} << 20;
constexpr size_t kMost = rpc::TransportOptions::kMaxMessageBytes - kRoom;

/// A longer message would cost the connection, and so the executor, and then the next one.
void refuseWhatNoMessageHolds(size_t code, size_t data) {
  if (code + data <= kMost) return;
  throw InvalidArgument(
      fmt::format("its functions with what they capture are {} bytes, the records of its partition that the driver "
                  "holds are {} bytes, and a message to an executor takes {} at most; capture a broadcast of what is "
                  "large, or cut the records into more partitions",
                  code, data, kMost));
}

}  // namespace

const LaunchEncoder::Prepared& LaunchEncoder::prepare(const StageCode& stage) {
  auto known = stages_.find(stage.id);
  if (known != stages_.end()) return known->second;
  Prepared prepared;
  prepared.code = encodeStage(*stage.body);
  prepared.num_partitions = stage.num_partitions;
  if (prepared.code.size() > kLargeCode)
    log::warn(
        "the functions of stage {} and what they capture are {} bytes, which each executor is sent; capture a "
        "broadcast of what is large",
        stage.id.value, prepared.code.size());
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

std::vector<protocol::LaunchTasks> LaunchEncoder::encode(ToldExecutor& told, const std::vector<TaskLaunch>& tasks,
                                                         const DagScheduler& dag, std::vector<TaskReport>& unsent) {
  std::vector<protocol::LaunchTasks> messages(1);
  auto& registry = AccumulatorRegistry::instance();
  for (auto& [id, bytes] : registry.encodedFrom(context_, told.next_accumulator, told.next_accumulator)) {
    messages.back().accumulators.push_back({id.value, std::move(bytes)});
  }
  tellPeers(told, messages.back());
  size_t size = 0;
  for (const TaskLaunch& task : tasks) {
    if (size >= kLargeMessage) {
      messages.emplace_back();
      size = 0;
    }
    (void)closure::takeThrowSite();
    const auto thrown = guarded([&] { size += add(task, told, dag, messages.back()); });
    if (!thrown) continue;
    TaskReport& end = unsent.emplace_back();
    end.id = task.id;
    end.outcome = TaskReport::Outcome::kNotSent;
    end.message = "the task cannot be serialized: " + thrown->message;
    end.exception_type = thrown->type;
    if (const CallSite* site = closure::takeThrowSite()) end.call_site = site->str();
  }
  return messages;
}

/// Returns how much larger the message became. What may throw comes first: a task that cannot be encoded leaves nothing
/// in the message.
size_t LaunchEncoder::add(const TaskLaunch& task, ToldExecutor& told, const DagScheduler& dag,
                          protocol::LaunchTasks& message) {
  const Prepared& prepared = prepare(*task.stage);
  protocol::TaskLaunch out{task.id.value, task.stage->id.value, task.stage_attempt, task.partition, task.attempt, {}};
  size_t size = addInputs(*task.stage, prepared, task, message, out);
  for (ShuffleId shuffle : prepared.shuffles) tellShuffle(told, shuffle, dag, message);
  if (told.stages.insert(task.stage->id).second) {
    size += prepared.code.size();
    message.stages.push_back({task.stage->id.value,
                              task.stage->shuffle ? task.stage->shuffle->value : -1,
                              prepared.num_partitions,
                              prepared.code,
                              {task.stage->properties.begin(), task.stage->properties.end()}});
  }
  message.tasks.push_back(std::move(out));
  return size;
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

/// Returns the size of the data that the task is sent.
size_t LaunchEncoder::addInputs(const StageCode& stage, const Prepared& prepared, const TaskLaunch& task,
                                protocol::LaunchTasks& message, protocol::TaskLaunch& out) const {
  size_t size = 0;
  if (prepared.has_sources) {
    for (SourcePartition& source : sourcePartitions(stage.body->node(), task.partition)) {
      size += source.data.size();
      out.data.push_back({source.rdd.value, source.partition, std::move(source.data)});
    }
  }
  refuseWhatNoMessageHolds(prepared.code.size(), size);
  if (!prepared.has_cached) return size;
  for (const PartitionRef& cached : cachedPartitions(stage.body->node(), task.partition)) {
    auto holders = cached_.find({cached.node->id(), cached.partition});
    if (holders == cached_.end() || holders->second.empty()) continue;
    message.cached.push_back({cached.node->id().value, cached.partition, holders->second.begin()->value});
  }
  return size;
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
