// Cerium. Licensed under the Apache License 2.0.
// Walks over lineage that the DAG scheduler needs: what a stage reads, and where its tasks run best. All are loops, so
// that a lineage of any depth works.
#pragma once

#include <memory>
#include <vector>

#include "driver/scheduler/cache_locations.h"
#include "driver/scheduler/dag_scheduler.h"
#include "rdd/node.h"

namespace cerium {

/// What one stage is made of, as far as scheduling goes.
struct StageShape {
  std::vector<std::shared_ptr<ShuffleDependency>> shuffles;  ///< That its tasks read, each once.
  std::vector<const RddNode*> persisted;                     ///< RDDs that its tasks may cache.
  bool barrier = false;                                      ///< Its tasks must all run at the same time.
};

/// The stage that ends at `node`. The walk stops at shuffles and at nodes that are wholly in `cached` (null: nowhere).
/// O(nodes + edges) of the stage.
StageShape stageShape(const RddNode& node, const CacheLocations* cached);

/// Fills in `locations` and `hosts` of each of the partitions: the holders of the nearest cached input, else the hosts
/// of stored input. Gives up (no preference, which is only slower) on lineages too deep to search for each partition.
void locateTasks(dag::SubmitTasks& tasks, const CacheLocations& cached);

}  // namespace cerium
