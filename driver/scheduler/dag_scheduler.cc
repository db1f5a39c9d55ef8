// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/dag_scheduler.h"

#include <fmt/format.h>

#include <utility>

#include "base/util/error.h"
#include "driver/scheduler/dag_state.h"

namespace cerium {

DagScheduler::DagScheduler(Options options) : state_(std::make_unique<State>()) { state_->options = options; }
DagScheduler::~DagScheduler() = default;

dag::Instructions DagScheduler::submitJob(JobSpec job) {
  if (job.shuffle) return state_->submitShuffle(std::move(job));
  for (int partition : job.partitions) {
    if (partition < 0 || partition >= job.node->numPartitions()) {
      throw InvalidArgument(fmt::format("job {} asks for partition {} of {}, which has {}; ask for 0 to {}",
                                        job.id.str(), partition, job.node->site().str(), job.node->numPartitions(),
                                        job.node->numPartitions() - 1));
    }
  }
  if (job.partitions.empty()) return {dag::JobSucceeded{job.id}};
  Stage& stage = state_->newStage(job.node);
  stage.result_of = job.id;
  Job& record = state_->jobs[job.id];
  record.result = &stage;
  std::erase_if(job.partitions, [&](int partition) { return !record.unfinished.insert(partition); });
  const JobId id = job.id;
  record.spec = std::move(job);
  state_->addJobs(stage, {id});
  state_->wake(stage);
  auto instructions = state_->finishEvent();
  state_->giveIds(stage);
  return instructions;
}

std::vector<PlannedStage> DagScheduler::stagesOf(JobId job) const {
  std::vector<PlannedStage> planned;
  const auto found = state_->jobs.find(job);
  if (found == state_->jobs.end()) return planned;
  for (const Stage* stage : state_->parentsFirst(*found->second.result)) {
    const auto& spec = found->second.spec;
    PlannedStage& each = planned.emplace_back(PlannedStage{
        .id = stage->id,
        .node = stage->node,
        .shuffle = stage->shuffle,
        .parents = {},
        .num_tasks = stage->shuffle ? stage->shuffle->numMaps() : static_cast<int>(spec.partitions.size())});
    for (const Stage* parent : state_->parentsOf(*stage)) each.parents.push_back(parent->id);
  }
  return planned;
}

dag::Instructions DagScheduler::cancelJob(JobId job, const std::string& reason) {
  auto found = state_->jobs.find(job);
  if (found == state_->jobs.end()) return {};
  Failure failure;
  failure.kind = Failure::Kind::kCancelled;
  failure.message = reason;
  failure.stage = found->second.result->id;
  failure.call_site = found->second.spec.node->site().str();
  state_->abort({job}, failure);
  return state_->finishEvent();
}

TaskVerdict DagScheduler::taskSucceeded(StageRef ref, int partition, MapOutputStatus output,
                                        const std::vector<PartSize>& sizes) {
  Stage* stage = state_->find(ref.id);
  if (stage == nullptr || ref.attempt < stage->first_valid_attempt) return {};
  TaskVerdict verdict;
  stage->outstanding.erase(partition);
  const bool was_active = stage->state != Stage::State::kIdle;
  bool is_complete = false;
  if (stage->shuffle) {
    const ShuffleId shuffle = stage->shuffle->id();
    // What a lost executor made is lost too; the task scheduler, or the next attempt, runs it again.
    const auto put = state_->lost.contains(output.executor)
                         ? MapOutputTracker::Put::kKnown
                         : state_->outputs.put(shuffle, partition, std::move(output), sizes);
    verdict.is_progress = put != MapOutputTracker::Put::kKnown;
    if (verdict.is_progress) verdict.counts = state_->outputs.countOnce(shuffle, partition);
    if (put == MapOutputTracker::Put::kChanged) state_->outputChanged(*stage, partition);
    is_complete = state_->outputs.complete(shuffle);
  } else {
    Job& job = state_->jobs.at(stage->result_of);
    verdict.counts = verdict.is_progress = job.unfinished.erase(partition);
    is_complete = job.unfinished.empty();
  }
  // One task of a barrier stage is no progress: all of them run again with the next attempt.
  if (verdict.is_progress && !stage->barrier) stage->failed_attempts = 0;
  verdict.stage_complete = is_complete && was_active && !stage->removed;
  if (verdict.stage_complete) {
    state_->complete(*stage);
  } else if (!stage->removed && stage->state == Stage::State::kRunning && stage->outstanding.empty()) {
    state_->wake(*stage);  // outputs were lost while it ran
  }
  verdict.instructions = state_->finishEvent();
  return verdict;
}

dag::Instructions DagScheduler::fetchFailed(StageRef ref, int partition, ShuffleId shuffle, int map, ExecutorId source,
                                            const std::string& detail) {
  // An output that has been made again elsewhere since the task looked stays.
  const bool forgotten = source.valid() && state_->outputs.forget(shuffle, map, source);
  Stage* stage = state_->find(ref.id);
  // One failed attempt, however many of its tasks report: the first moves the stage to waiting. The task scheduler
  // itself runs tasks again that older attempts left behind.
  if (stage != nullptr && stage->state == Stage::State::kRunning && ref.attempt == stage->attempt) {
    const std::string holder = source.valid() ? "executor " + source.str() : "any executor";
    state_->failByFetch(*stage, partition, shuffle,
                        fmt::format("partition {} could not read output {} of shuffle {} from {}: {}", partition, map,
                                    shuffle.str(), holder, detail));
  }
  if (forgotten) state_->repair({shuffle}, false);
  return state_->finishEvent();
}

dag::Instructions DagScheduler::stageFailed(StageRef ref, const Failure& failure) {
  Stage* stage = state_->find(ref.id);
  if (stage == nullptr) return {};
  Failure told = failure;
  if (!told.stage.valid()) told.stage = ref.id;
  if (told.call_site.empty()) told.call_site = stage->node->site().str();
  state_->abort(stage->jobs, told);
  return state_->finishEvent();
}

dag::Instructions DagScheduler::executorLost(ExecutorId executor, const std::string& reason) {
  if (!state_->lost.insert(executor).second) return {};
  state_->cached.removeExecutor(executor);
  const std::vector<ShuffleId> affected = state_->outputs.forgetExecutor(executor);
  if (affected.empty()) return {};
  state_->note(fmt::format("executor {} is lost ({}), and with it output of {} shuffles", executor.str(), reason,
                           affected.size()));
  state_->repair(affected, true);
  return state_->finishEvent();
}

std::vector<std::pair<ShuffleId, int>> DagScheduler::mapOutputsOn(ExecutorId executor) const {
  return state_->outputs.heldBy(executor);
}

std::vector<ExecutorId> DagScheduler::holders(RddId rdd, int partition) const {
  const auto* all = state_->cached.holders(rdd, partition);
  return all == nullptr ? std::vector<ExecutorId>{} : *all;
}

std::vector<std::pair<RddId, int>> DagScheduler::blocksOn(ExecutorId executor) const {
  const auto held = state_->cached.heldBy(executor);
  return {held.begin(), held.end()};
}

bool DagScheduler::holdsBlocks(ExecutorId executor) const { return state_->cached.holdsAny(executor); }

void DagScheduler::mapOutputsMoved(ShuffleId shuffle, const std::vector<int>& maps, ExecutorId from, ExecutorId to) {
  if (state_->lost.contains(to)) return;
  for (int map : maps) state_->outputs.move(shuffle, map, from, to);
}

void DagScheduler::blockCached(RddId rdd, int partition, ExecutorId executor) {
  if (!state_->lost.contains(executor)) state_->cached.add(rdd, partition, executor);
}

void DagScheduler::blockDropped(RddId rdd, int partition, ExecutorId executor) {
  state_->cached.remove(rdd, partition, executor);
}

void DagScheduler::rddUnpersisted(RddId rdd) {
  state_->cached.removeRdd(rdd);
  state_->cached_from.erase(rdd);
}

void DagScheduler::shuffleReleased(ShuffleId shuffle) {
  if (state_->map_stages.contains(shuffle)) {
    state_->released.insert(shuffle);
  } else {
    state_->outputs.release(shuffle);
  }
}

std::shared_ptr<const MapOutputs> DagScheduler::mapOutputs(ShuffleId shuffle) const {
  return state_->outputs.outputs(shuffle);
}

int DagScheduler::numReduces(ShuffleId shuffle) const { return state_->outputs.numReduces(shuffle); }
int64_t DagScheduler::mapOutputEpoch(ShuffleId shuffle) const { return state_->outputs.epoch(shuffle); }
size_t DagScheduler::activeStages() const { return state_->stages.size(); }
size_t DagScheduler::activeJobs() const { return state_->jobs.size(); }

std::string DagScheduler::checkInvariants() const {
  const State& state = *state_;
  for (const auto& [id, job] : state.jobs) {
    if (job.result->state == Stage::State::kIdle) return "job " + id.str() + " neither waits nor runs";
  }
  for (const auto& [serial, stage] : state.stages) {
    if (stage->jobs.empty()) return stage->str() + " belongs to no job";
    if (stage->state == Stage::State::kWaiting) {
      if (stage->waiting_for.empty()) return stage->str() + " waits for nothing";
      for (const Stage* parent : stage->waiting_for) {
        if (parent->state == Stage::State::kIdle) return stage->str() + " waits for " + parent->str() + ", which idles";
      }
    }
    if (stage->state == Stage::State::kRunning && stage->outstanding.empty()) return stage->str() + " runs no task";
  }
  return {};
}

}  // namespace cerium
