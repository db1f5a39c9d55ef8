// Cerium. Licensed under the Apache License 2.0.
// The DAG scheduler's answer to a map output that differs from the lost one which it replaces: an operation is not
// deterministic. Whatever was computed from the lost output is given up, so that no result mixes the two.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "driver/scheduler/dag_state.h"
#include "driver/scheduler/stage_graph.h"
#include "rdd/task_body.h"

namespace cerium {
namespace {

bool readsAny(const std::vector<ShuffleId>& inputs, const std::vector<ShuffleId>& shuffles) {
  return std::any_of(inputs.begin(), inputs.end(), [&](ShuffleId each) {
    return std::find(shuffles.begin(), shuffles.end(), each) != shuffles.end();
  });
}

std::vector<ShuffleId> idsOf(const std::vector<std::shared_ptr<ShuffleDependency>>& shuffles) {
  std::vector<ShuffleId> ids;
  for (const auto& shuffle : shuffles) ids.push_back(shuffle->id());
  return ids;
}

/// The operations whose functions a map task of the shuffle runs, for a message: "map at a.cc:3, reduceByKey at
/// a.cc:4".
std::string operationsOf(const ShuffleDependency& shuffle) {
  std::vector<std::string> sites{shuffle.parent()->site().str()};
  const auto collect = [&sites](const CallSite& site, const void*, size_t) {
    if (std::find(sites.begin(), sites.end(), site.str()) == sites.end()) sites.push_back(site.str());
  };
  for (const RddNode* node : stageNodes(shuffle.parent().get())) node->visitClosures(collect);
  if (shuffle.mapSide()) shuffle.mapSide()->visitClosures(collect);
  return fmt::format("{}", fmt::join(sites, ", "));
}

}  // namespace

/// Remembers what the stage, and each RDD that it may cache, is computed from.
void DagScheduler::State::noteInputs(Stage& stage) {
  const StageShape whole = stageShape(*stage.node, nullptr);
  stage.inputs = idsOf(whole.shuffles);
  if (stage.shuffle) outputs.setInputs(stage.shuffle->id(), stage.inputs);
  for (const RddNode* node : whole.persisted) cached_from[node->id()] = idsOf(stageShape(*node, nullptr).shuffles);
}

void DagScheduler::State::outputChanged(const Stage& producer, int map) {
  const ShuffleId changed = producer.shuffle->id();
  const std::string story =
      fmt::format("output {} of shuffle {} is not what it was before it was lost", map, changed.str());
  const std::string operations = operationsOf(*producer.shuffle);
  note(fmt::format("{}; an operation is not deterministic ({}). What was computed from it is computed again", story,
                   operations));
  const std::vector<ShuffleId> derived = outputs.computedFrom(changed);
  for (ShuffleId each : derived) outputs.forgetAll(each);
  std::vector<ShuffleId> all = derived;
  all.push_back(changed);

  std::vector<Stage*> readers;
  for (const auto& [serial, stage] : stages) {
    if (stage->attempt >= 0 && readsAny(stage->inputs, all)) readers.push_back(stage.get());
  }
  std::set<JobId> doomed;
  for (Stage* stage : readers) {
    const bool has_delivered = !stage->shuffle && jobs.at(stage->result_of).unfinished.size() <
                                                      jobs.at(stage->result_of).spec.partitions.size();
    if (!has_delivered) {
      restart(*stage, story);
    } else if (readsAny(stage->inputs, {changed})) {
      doomed.insert(stage->result_of);
    }  // Else what it has delivered fits together, and its own input tells when that comes out differently.
  }
  dropCachedFrom(all);
  repair(derived, false);
  if (doomed.empty()) return;
  Failure failure;
  failure.kind = Failure::Kind::kEngine;
  failure.call_site = producer.node->site().str();
  failure.stage = producer.id;
  failure.partition = map;
  failure.message = fmt::format(
      "{}, and results that were computed from it have been delivered already. One of these operations is not "
      "deterministic: {}. It draws random numbers without a fixed seed, or depends on an order that changes from run "
      "to "
      "run. Give it a seed, sort its input, or checkpoint() its RDD before it is shuffled",
      story, operations);
  abort(doomed, failure);
}

/// Stops all tasks of the stage, whose results do not count any more; where it was under way it begins anew.
void DagScheduler::State::restart(Stage& stage, const std::string& reason) {
  stage.first_valid_attempt = stage.attempt + 1;
  stage.outstanding.clear();
  out.emplace_back(dag::CancelTasks{stage.ref(), reason});
  if (stage.state == Stage::State::kRunning) wake(stage);
}

void DagScheduler::State::dropCachedFrom(const std::vector<ShuffleId>& shuffles) {
  for (const auto& [rdd, inputs] : cached_from) {
    if (!readsAny(inputs, shuffles)) continue;
    cached.removeRdd(rdd);
    out.emplace_back(dag::DropCached{rdd});
  }
}

}  // namespace cerium
