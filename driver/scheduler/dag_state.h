// Cerium. Licensed under the Apache License 2.0.
// The books of the DAG scheduler and the moves it makes with them. Private to it: driver/scheduler/dag_scheduler.cc
// turns events into moves, driver/scheduler/dag_state.cc makes them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "driver/scheduler/cache_locations.h"
#include "driver/scheduler/dag_scheduler.h"
#include "driver/scheduler/map_output_tracker.h"
#include "driver/scheduler/stage.h"

namespace cerium {

/// Moves append their instructions to `out`; each event ends with finishEvent(), which returns them.
struct DagScheduler::State {
  Options options;
  MapOutputTracker outputs;
  CacheLocations cached;
  std::map<int64_t, std::unique_ptr<Stage>> stages;  // by age
  std::unordered_map<ShuffleId, Stage*> map_stages;
  std::unordered_map<StageId, Stage*> by_id;
  std::map<JobId, Job> jobs;
  std::set<ExecutorId> lost;
  std::set<ShuffleId> released;  // while a stage still needed them
  std::map<RddId, std::vector<ShuffleId>>
      cached_from;  // of persisted RDDs that a stage computed: what they were read from
  int64_t next_serial = 0;
  int64_t next_stage_id = 0;

  // Of the event at hand.
  dag::Instructions out;
  std::deque<Stage*> ready;  // waiting stages whose parents should be looked at (again)
  // Removed stages live to the end of the event: `ready` may name them, and their lineage may be the last handle of a
  // shuffle, whose release may call back.
  std::vector<std::unique_ptr<Stage>> removed;

  dag::Instructions finishEvent();

  dag::Instructions submitShuffle(JobSpec job);
  Stage& newStage(NodePtr node);
  Stage& mapStage(const std::shared_ptr<ShuffleDependency>& shuffle);
  void giveId(Stage& stage);
  /// Gives ids to all stages that `last` waits for, directly or not, and to it.
  void giveIds(Stage& last);
  /// The stages whose output it reads, as of the last walk over its lineage.
  [[nodiscard]] std::vector<Stage*> parentsOf(const Stage& stage) const;
  /// `last` and the stages before it, each after its parents.
  [[nodiscard]] std::vector<Stage*> parentsFirst(Stage& last) const;
  void addJobs(Stage& stage, const std::set<JobId>& wanted_by);

  void wake(Stage& stage);
  void advance(Stage& stage);
  std::vector<Stage*> incompleteParents(Stage& stage);
  std::vector<int> missing(const Stage& stage) const;
  void run(Stage& stage);
  void complete(Stage& stage);
  void endShuffleJobs(Stage& stage);

  void failByFetch(Stage& stage, int partition, ShuffleId shuffle, const std::string& story);
  void forceParent(Stage& stage, ShuffleId shuffle);
  void repair(const std::vector<ShuffleId>& shuffles, bool top_up);

  // In driver/scheduler/dag_rollback.cc.
  void noteInputs(Stage& stage);
  void outputChanged(const Stage& producer, int map);
  void restart(Stage& stage, const std::string& reason);
  void dropCachedFrom(const std::vector<ShuffleId>& shuffles);

  void abort(std::set<JobId> ids, const Failure& failure);
  void endJob(JobId id);
  void remove(Stage& stage);

  Stage* find(StageId id) {
    auto found = by_id.find(id);
    return found == by_id.end() ? nullptr : found->second;
  }
  void note(std::string text) { out.emplace_back(dag::Note{std::move(text)}); }
};

}  // namespace cerium
