// Cerium. Licensed under the Apache License 2.0.
// The encoded form of a stage: its lineage as a list of nodes, parents first, then the end of its loop. The driver
// encodes a stage once and sends it to each executor once; tasks name the stage.
#pragma once

#include <memory>

#include "rdd/task_body.h"

namespace cerium {

/// Encodes a stage. Nodes are named by their place in the list, so a lineage that joins itself travels once. O(nodes +
/// edges).
[[nodiscard]] Bytes encodeStage(const TaskBody& body);
/// Decodes a stage. REQUIRES: encoded by this binary (compare buildId()). Throws CorruptData for truncated bytes,
/// unknown entries, or parents that do not exist.
[[nodiscard]] std::shared_ptr<const TaskBody> decodeStage(const Bytes& code);

/// The source partitions that task `p` of a stage on `node` reads, each with the data to send (encodePartition).
struct SourcePartition {
  RddId rdd;
  int partition;
  Bytes data;
};
[[nodiscard]] std::vector<SourcePartition> sourcePartitions(const RddNode& node, int p);

/// The persisted partitions that task `p` of a stage on `node` may read, including its own.
[[nodiscard]] std::vector<PartitionRef> cachedPartitions(const RddNode& node, int p);

/// Checks the captures of every function that a job with this last stage may run, also behind shuffles; see
/// checkCaptures. RDDs that an earlier call found good are not looked at again. Returns how many RDDs were looked at.
size_t checkJobCaptures(const TaskBody& body);

}  // namespace cerium
