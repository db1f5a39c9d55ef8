// Cerium. Licensed under the Apache License 2.0.
// A stage as it travels: its lineage as a list of nodes, parents first, then what ends its loop. Encoded once by the
// driver, sent to each executor once; tasks name the stage.
#pragma once

#include <memory>

#include "rdd/task_body.h"

namespace cerium {

/// Nodes are named by their place in the list, so a lineage that joins itself travels once. O(nodes + edges).
[[nodiscard]] Bytes encodeStage(const TaskBody& body);
/// Throws CorruptData for bytes that are not whole, name no entry of this binary, or join nodes that are not there.
/// That they come from the same binary, and so fit their entries, is for the caller to know: see buildId().
[[nodiscard]] std::shared_ptr<const TaskBody> decodeStage(const Bytes& code);

/// The source partitions that task `p` of a stage on `node` reads, with what each must be sent (encodePartition).
struct SourcePartition {
  RddId rdd;
  int partition;
  Bytes data;
};
[[nodiscard]] std::vector<SourcePartition> sourcePartitions(const RddNode& node, int p);

/// The persisted partitions that task `p` of a stage on `node` may read, itself included.
[[nodiscard]] std::vector<PartitionRef> cachedPartitions(const RddNode& node, int p);

/// Checks the captures of every function of a stage; see checkCaptures.
void checkStageCaptures(const TaskBody& body);

}  // namespace cerium
