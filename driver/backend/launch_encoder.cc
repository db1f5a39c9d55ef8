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

TaskReport notSent(TaskId task, const ExceptionText& thrown) {
  TaskReport end;
  end.id = task;
  end.outcome = TaskEnd::Outcome::kNotSent;
  end.message = "the task cannot be serialized: " + thrown.message;
  end.exception_type = thrown.type;
  if (const CallSite* site = closure::takeThrowSite()) end.call_site = site->str();
  return end;
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
  for (const RddNode* node : stageNodes(&stage.body->node()))
    prepared.has_sources = prepared.has_sources || node->dependencies().empty();
  return stages_.emplace(stage.id, std::move(prepared)).first->second;
}

std::vector<protocol::LaunchTasks> LaunchEncoder::encode(ToldExecutor& told, const out::Launch& launch,
                                                         const std::vector<TaskLaunch>& tasks,
                                                         std::vector<TaskReport>& unsent) {
  std::vector<protocol::LaunchTasks> messages(1);
  auto& registry = AccumulatorRegistry::instance();
  for (auto& [id, bytes] : registry.encodedFrom(context_, told.next_accumulator, told.next_accumulator)) {
    messages.back().accumulators.push_back({id.value, std::move(bytes)});
  }
  tellPeers(told, messages.back());
  for (const auto& shuffle : launch.shuffles) tellShuffle(told, shuffle, messages.back());
  size_t size = 0;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (size >= kLargeMessage) {
      messages.emplace_back();
      size = 0;
    }
    (void)closure::takeThrowSite();
    const auto thrown = guarded([&] { size += add(tasks[i], told, messages.back()); });
    if (thrown) {
      unsent.push_back(notSent(tasks[i].id, *thrown));
      continue;
    }
    for (const auto& cached : launch.tasks[i].cached)
      messages.back().cached.push_back({cached.rdd.value, cached.partition, cached.holder.value});
  }
  return messages;
}

/// Returns how much larger the message became. What may throw comes first: a task that cannot be encoded leaves nothing
/// in the message.
size_t LaunchEncoder::add(const TaskLaunch& task, ToldExecutor& told, protocol::LaunchTasks& message) {
  const Prepared& prepared = prepare(*task.stage);
  protocol::TaskLaunch out{task.id.value, task.stage->id.value, task.stage_attempt, task.partition, task.attempt, {}};
  size_t size = addSources(task, prepared, out);
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

void LaunchEncoder::tellShuffle(ToldExecutor& told, const out::ShuffleLocations& known,
                                protocol::LaunchTasks& message) {
  const auto [epoch, is_new] = told.shuffles.try_emplace(known.shuffle, known.epoch);
  if (!is_new && std::exchange(epoch->second, known.epoch) == known.epoch) return;
  protocol::ShuffleLocations locations{known.shuffle.value, known.epoch, {}, {}};
  for (const auto& output : *known.outputs) {
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
size_t LaunchEncoder::addSources(const TaskLaunch& task, const Prepared& prepared, protocol::TaskLaunch& message) {
  size_t size = 0;
  if (prepared.has_sources) {
    for (SourcePartition& source : sourcePartitions(task.stage->body->node(), task.partition)) {
      size += source.data.size();
      message.data.push_back({source.rdd.value, source.partition, std::move(source.data)});
    }
  }
  refuseWhatNoMessageHolds(prepared.code.size(), size);
  return size;
}

int LaunchEncoder::partitionsOf(StageId stage) const {
  auto found = stages_.find(stage);
  return found == stages_.end() ? 0 : found->second.num_partitions;
}

}  // namespace cerium
