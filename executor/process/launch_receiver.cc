// Cerium. Licensed under the Apache License 2.0.
#include "executor/process/launch_receiver.h"

#include <algorithm>
#include <typeinfo>
#include <vector>

#include "base/util/clocks.h"
#include "base/util/exception_text.h"
#include "rdd/accumulator_registry.h"
#include "rdd/broadcast.h"
#include "rdd/stage_code.h"

namespace cerium {

void LaunchReceiver::carryOut(protocol::LaunchTasks& launch) {
  if (isRepeated(launch)) return;
  for (const auto& accumulator : launch.accumulators) {
    AccumulatorRegistry::instance().defineEncoded(AccumulatorId(accumulator.id), accumulator.cell);
  }
  parts_.places.learn(launch);
  std::vector<TaskLaunch> tasks;
  for (auto& stage : launch.stages) addStage(stage);
  for (auto& task : launch.tasks) {
    auto stage = stages_.find(StageId(task.stage));
    if (stage == stages_.end() || !stage->second->body) {
      reportBroken(task);
      continue;
    }
    TaskLaunch one{TaskId(task.task), stage->second, task.stage_attempt, task.partition, task.attempt, {}};
    for (auto& data : task.data) one.data.emplace_back(RddId(data.rdd), data.partition, std::move(data.bytes));
    tasks.push_back(std::move(one));
  }
  parts_.executor.launch(std::move(tasks));
}

/// Task ids only grow, so a smaller id means a repeated message. Its tasks may have been told to stop meanwhile, and
/// would not hear it a second time.
bool LaunchReceiver::isRepeated(const protocol::LaunchTasks& launch) {
  if (launch.tasks.empty()) return false;
  if (launch.tasks.front().task <= last_task_) return true;
  for (const auto& task : launch.tasks) last_task_ = std::max(last_task_, task.task);
  return false;
}

void LaunchReceiver::addStage(protocol::StageCode& sent) {
  auto stage = std::make_shared<StageCode>();
  stage->id = StageId(sent.stage);
  stage->num_partitions = sent.num_partitions;
  if (sent.shuffle >= 0) stage->shuffle = ShuffleId(sent.shuffle);
  stage->properties = {sent.properties.begin(), sent.properties.end()};
  (void)closure::takeThrowSite();
  const int64_t begin = monotonicMicros();
  if (const auto thrown = guarded([&] { stage->body = decodeStage(sent.code); })) {
    TaskReport& end = broken_stages_[stage->id];
    const bool is_ours = thrown->type == demangled(typeid(CorruptData).name());
    end.outcome = is_ours ? TaskReport::Outcome::kEngineFailure : TaskReport::Outcome::kUserException;
    if (!is_ours) end.exception_type = thrown->type;
    end.message = "the stage cannot be decoded: " + thrown->message;
    if (const CallSite* site = closure::takeThrowSite()) end.call_site = site->str();
  }
  stage->decode_micros = monotonicMicros() - begin;
  stages_[stage->id] = std::move(stage);
}

void LaunchReceiver::reportBroken(const protocol::TaskLaunch& task) {
  TaskReport report;
  report.id = TaskId(task.task);
  report.outcome = TaskReport::Outcome::kEngineFailure;
  report.message = "its stage was never sent";
  auto broken = broken_stages_.find(StageId(task.stage));
  if (broken != broken_stages_.end()) {
    report.outcome = broken->second.outcome;
    report.message = broken->second.message;
    report.exception_type = broken->second.exception_type;
    report.call_site = broken->second.call_site;
  }
  report_(std::move(report));
}

void LaunchReceiver::carryOut(const protocol::KillTask& kill) { parts_.executor.kill(TaskId(kill.task)); }

void LaunchReceiver::carryOut(const protocol::DropStages& drop) {
  for (int64_t stage : drop.stages) {
    stages_.erase(StageId(stage));
    broken_stages_.erase(StageId(stage));
  }
}

void LaunchReceiver::carryOut(const protocol::DropShuffle& drop) {
  parts_.executor.dropShuffle(ShuffleId(drop.shuffle));
  parts_.places.forget(ShuffleId(drop.shuffle));
}

void LaunchReceiver::carryOut(const protocol::DropRdd& drop) {
  parts_.executor.dropRdd(RddId(drop.rdd));
  parts_.places.forget(RddId(drop.rdd));
}

void LaunchReceiver::carryOut(const protocol::DropBroadcast& drop) {
  parts_.broadcasts.drop(BroadcastId(drop.id));
  BroadcastRegistry::instance().remove(BroadcastId(drop.id));
}

void LaunchReceiver::carryOut(const protocol::ExecutorLost& lost) {
  if (const auto peer = parts_.places.forget(ExecutorId(lost.executor))) parts_.client.giveUp(*peer, lost.reason);
}

}  // namespace cerium
