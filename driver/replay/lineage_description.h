// Cerium. Licensed under the Apache License 2.0.
// Lineage as data: what the scheduler asks of the RDDs of a job, without their functions, so that the job can be
// replayed in another process.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rdd/node.h"

namespace cerium::replay {

/// The part of an RDD that changes while jobs run.
struct RddState {
  StorageLevel level = StorageLevel::NONE;
  std::string name;
  RddId computed_by;  ///< RddNode::effective().
  bool operator==(const RddState&) const = default;
};

/// An edge of lineage. `shuffle` is valid if the parent is read through a shuffle of so many reduce partitions.
struct ParentDescription {
  RddId parent;
  ShuffleId shuffle;
  int num_reduces = 0;
};

struct RddDescription {
  RddId rdd;
  CallSite site;
  int num_partitions = 0;
  bool is_barrier = false;
  std::vector<ParentDescription> parents;
  /// What each partition reads through narrow dependencies. Empty: each partition p reads partition p of each parent.
  std::vector<std::vector<std::pair<RddId, int>>> narrow_parents;
  /// For each parent, what each partition reads of its shuffle. Empty: each partition p reads reduce partition p.
  std::vector<std::vector<ShuffleRange>> shuffle_inputs;
  /// The preferred hosts of each partition. Empty: no partition has any.
  std::vector<std::vector<std::string>> hosts;
};

struct LineageChange {
  /// RDDs that were not described before, parents before children.
  std::vector<RddDescription> added;
  /// Of the added RDDs, and of the others that have changed.
  std::vector<std::pair<RddId, RddState>> states;
};

/// Describes lineage, each RDD once. Threads: externally synchronised.
class LineageRecorder {
 public:
  /// What was not described yet of `node` and of all RDDs that it is made from. O(new RDDs and their partitions).
  [[nodiscard]] LineageChange describe(const NodePtr& node);
  /// What has changed of the RDDs that are described, or nothing. O(1) while no RDD of the process changes.
  [[nodiscard]] std::optional<LineageChange> changes();

 private:
  struct Known {
    std::weak_ptr<const RddNode> node;  ///< Of a checkpoint: the RDD that it replaces.
    RddState state;
  };
  void add(const NodePtr& node, LineageChange& change);
  void forgetReleased();

  std::unordered_map<RddId, Known> known_;
  size_t forget_at_ = 1'000;  ///< So many known RDDs.
  uint64_t changes_seen_ = 0;
};

/// Lineage made from its description. Threads: externally synchronised.
class DescribedLineage {
 public:
  /// Throws CorruptData for a description that names an RDD that was not described before.
  void apply(const LineageChange& change);
  /// Throws CorruptData where there is no such RDD.
  [[nodiscard]] const NodePtr& find(RddId rdd) const;
  /// The shuffle of an edge; makes it if no RDD reads it. Throws CorruptData where its parent is not described.
  [[nodiscard]] std::shared_ptr<ShuffleDependency> findShuffle(const ParentDescription& edge);

 private:
  class Node;
  std::unordered_map<RddId, NodePtr> nodes_;
  std::unordered_map<ShuffleId, std::shared_ptr<ShuffleDependency>> shuffles_;
};

}  // namespace cerium::replay
