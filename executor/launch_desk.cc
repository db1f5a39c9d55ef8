// Cerium. Licensed under the Apache License 2.0.
#include "executor/launch_desk.h"

#include <vector>

#include "rdd/accumulator_registry.h"
#include "rdd/broadcast.h"
#include "rdd/stage_code.h"

namespace cerium {

void LaunchDesk::carryOut(protocol::LaunchTasks& launch) {
  for (const auto& accumulator : launch.accumulators) {
    AccumulatorRegistry::instance().defineEncoded(AccumulatorId(accumulator.id), accumulator.cell);
  }
  parts_.places.learn(launch);
  std::vector<TaskLaunch> tasks;
  for (auto& stage : launch.stages) addStage(stage);
  for (auto& task : launch.tasks) {
    auto stage = stages_.find(StageId(task.stage));
    if (stage == stages_.end() || !stage->second->body) {
      reportBroken(task, stage == stages_.end() ? "its stage was never sent" : broken_stages_[StageId(task.stage)]);
      continue;
    }
    TaskLaunch one{TaskId(task.task), stage->second, task.stage_attempt, task.partition, task.attempt, {}};
    for (auto& data : task.data) one.data.emplace_back(RddId(data.rdd), data.partition, std::move(data.bytes));
    tasks.push_back(std::move(one));
  }
  parts_.executor.launch(std::move(tasks));
}

void LaunchDesk::addStage(protocol::StageCode& sent) {
  auto stage = std::make_shared<StageCode>();
  stage->id = StageId(sent.stage);
  stage->num_partitions = sent.num_partitions;
  if (sent.shuffle >= 0) stage->shuffle = ShuffleId(sent.shuffle);
  stage->properties = {sent.properties.begin(), sent.properties.end()};
  try {
    stage->body = decodeStage(sent.code);
  } catch (const std::exception& e) {
    broken_stages_[stage->id] = std::string("the stage cannot be decoded: ") + e.what();
  }
  stages_[stage->id] = std::move(stage);
}

void LaunchDesk::reportBroken(const protocol::TaskLaunch& task, const std::string& why) {
  TaskReport report;
  report.id = TaskId(task.task);
  report.outcome = TaskReport::Outcome::kEngineFailure;
  report.message = why;
  report_(std::move(report));
}

void LaunchDesk::carryOut(const protocol::KillTask& kill) { parts_.executor.kill(TaskId(kill.task)); }

void LaunchDesk::carryOut(const protocol::DropStages& drop) {
  for (int64_t stage : drop.stages) {
    stages_.erase(StageId(stage));
    broken_stages_.erase(StageId(stage));
  }
}

void LaunchDesk::carryOut(const protocol::DropShuffle& drop) {
  parts_.executor.dropShuffle(ShuffleId(drop.shuffle));
  parts_.places.forget(ShuffleId(drop.shuffle));
}

void LaunchDesk::carryOut(const protocol::ReplaceMapOutput& replace) {
  parts_.executor.replaceMapOutput(ShuffleId(replace.shuffle), replace.map);
}

void LaunchDesk::carryOut(const protocol::DropRdd& drop) {
  parts_.executor.dropRdd(RddId(drop.rdd));
  parts_.places.forget(RddId(drop.rdd));
}

void LaunchDesk::carryOut(const protocol::DropBroadcast& drop) {
  parts_.broadcasts.drop(BroadcastId(drop.id));
  BroadcastRegistry::instance().remove(BroadcastId(drop.id));
}

void LaunchDesk::carryOut(const protocol::ExecutorLost& lost) {
  if (const auto peer = parts_.places.forget(ExecutorId(lost.executor))) parts_.client.giveUp(*peer, lost.reason);
}

}  // namespace cerium
