// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/stage_description.h"

namespace cerium {
namespace {

events::StorageUse storageUse(StorageLevel level) {
  return {.memory = usesMemory(level),
          .disk = usesDisk(level),
          .encoded = keepsEncoded(level),
          .replicas = replicas(level)};
}

}  // namespace

std::vector<events::RddDescription> describeRdds(const RddNode& node) {
  std::vector<events::RddDescription> rdds;
  for (const RddNode* each : stageNodes(&node)) {
    events::RddDescription& rdd = rdds.emplace_back(events::RddDescription{.rdd = each->id(),
                                                                           .name = each->name(),
                                                                           .call_site = each->site().str(),
                                                                           .storage = storageUse(each->storageLevel()),
                                                                           .parents = {},
                                                                           .num_partitions = each->numPartitions()});
    for (const Dependency& dependency : each->dependencies())
      rdd.parents.push_back(dependency.parent()->effective()->id());
  }
  return rdds;
}

}  // namespace cerium
