// Cerium. Licensed under the Apache License 2.0.
// Untyped lineage: what the schedulers see of an RDD. Immutable once built, but for name, storage level and checkpoint.
// Typed records enter one level up, in rdd/typed_node.h. Everything that walks lineage uses a loop, never recursion.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/util/call_site.h"
#include "base/util/ids.h"
#include "rdd/closure.h"
#include "rdd/partitioner.h"
#include "rdd/storage_level.h"

namespace cerium {

class RddNode;
class TaskBody;
using NodePtr = std::shared_ptr<RddNode>;

/// The wide edge of lineage: `parent` is partitioned anew. Its map tasks are one stage, whoever reads it is another.
class ShuffleDependency {
 public:
  ShuffleDependency(ShuffleId id, NodePtr parent, int num_reduces, std::shared_ptr<const TaskBody> map_side);
  /// As an executor sees it: where to read from, not how it is made.
  ShuffleDependency(ShuffleId id, int num_maps, int num_reduces);
  ~ShuffleDependency();

  [[nodiscard]] ShuffleId id() const { return id_; }
  [[nodiscard]] const NodePtr& parent() const { return parent_; }
  [[nodiscard]] int numMaps() const { return num_maps_; }
  [[nodiscard]] int numReduces() const { return num_reduces_; }
  /// What a map task runs; reads one partition of `parent` and yields a MapOutput.
  [[nodiscard]] const std::shared_ptr<const TaskBody>& mapSide() const { return map_side_; }
  /// Called when the last handle of this shuffle is gone, so that executors drop its blocks.
  std::function<void(ShuffleId)> on_release;

 private:
  friend class RddNode;
  ShuffleId id_;
  NodePtr parent_;
  int num_maps_;
  int num_reduces_;
  std::shared_ptr<const TaskBody> map_side_;
};

/// An edge of lineage: exactly one of the two is set.
struct Dependency {
  NodePtr narrow;
  std::shared_ptr<ShuffleDependency> shuffle;

  [[nodiscard]] const NodePtr& parent() const { return narrow ? narrow : shuffle->parent(); }
};

/// One partition of one RDD.
struct PartitionRef {
  const RddNode* node;
  int partition;
};

/// One RDD of the lineage graph.
/// Threads: the immutable part may be read from anywhere; name, storage level and checkpoint are synchronised.
class RddNode {
 public:
  RddNode(RddId id, CallSite site, int num_partitions, std::vector<Dependency> dependencies);
  virtual ~RddNode();
  RddNode(const RddNode&) = delete;
  RddNode& operator=(const RddNode&) = delete;

  [[nodiscard]] RddId id() const { return id_; }
  /// The operation that made this RDD and where the program called it.
  [[nodiscard]] const CallSite& site() const { return site_; }
  /// Whose it is; none in an executor's process.
  [[nodiscard]] ContextId context() const { return context_; }
  void setContext(ContextId context) { context_ = context; }
  [[nodiscard]] int numPartitions() const { return num_partitions_; }
  [[nodiscard]] const std::vector<Dependency>& dependencies() const { return dependencies_; }
  /// RDDs on the longest way from here to one that has no parent. The same for the same program wherever it runs.
  [[nodiscard]] int lineageDepth() const { return lineage_depth_; }
  /// For a decoder, which does not see all parents.
  void setLineageDepth(int depth) { lineage_depth_ = depth; }
  [[nodiscard]] const std::optional<Partitioner>& partitioner() const { return partitioner_; }
  void setPartitioner(std::optional<Partitioner> p) { partitioner_ = std::move(p); }

  [[nodiscard]] std::string name() const;
  void setName(std::string name);
  [[nodiscard]] StorageLevel storageLevel() const { return storage_level_.load(); }
  void setStorageLevel(StorageLevel level) { storage_level_.store(level); }
  /// Called when the last handle of this RDD is gone while it is persisted, so that executors drop its partitions.
  void whenReleased(std::function<void(RddId)> action);

  /// The node that computes this RDD now: itself, or once checkpointed the node that reads the checkpoint.
  [[nodiscard]] const RddNode* effective() const;
  void replaceBy(NodePtr checkpoint);

  /// Appends the parent partitions that partition `p` reads through narrow dependencies.
  /// Default: the same partition of each narrow parent.
  virtual void narrowParents(int p, std::vector<PartitionRef>& out) const;
  /// Hosts that hold the input of partition `p`, for locality. Default: none.
  [[nodiscard]] virtual std::vector<std::string> preferredHosts(int p) const;
  /// True where all tasks of a stage must run at the same time.
  [[nodiscard]] virtual bool isBarrier() const { return false; }

  /// How this node travels: the entry that decodes it, and its own fields (parents are encoded by the stage).
  [[nodiscard]] virtual EntryId entry() const = 0;
  virtual void encode(Writer& out) const = 0;
  /// What a task needs of partition `p` beyond the node itself: a slice of a local collection, a piece of a file.
  /// Returns false where there is nothing to send. The bytes come back through TaskContext::partitionData.
  virtual bool encodePartition(int p, Writer& out) const;
  /// Calls `visit` for each user function of this node, so that captures can be checked.
  virtual void visitClosures(const ClosureVisitor& visit) const;

 private:
  const RddId id_;
  const CallSite site_;
  ContextId context_;
  const int num_partitions_;
  std::vector<Dependency> dependencies_;
  int lineage_depth_ = 0;
  std::optional<Partitioner> partitioner_;
  std::atomic<StorageLevel> storage_level_{StorageLevel::NONE};
  mutable std::mutex mutex_;
  std::string name_;                       // guarded by mutex_
  std::function<void(RddId)> on_release_;  // guarded by mutex_
  NodePtr checkpoint_;                     // guarded by mutex_; set once, then constant
  std::atomic<const RddNode*> effective_;
};

/// The nodes that one stage computes: `final_node` and all it reaches through narrow dependencies, each once, parents
/// before children. O(nodes + edges).
std::vector<const RddNode*> stageNodes(const RddNode* final_node);

/// The lineage as text, one line a node, indented at each shuffle, as Spark prints it.
std::string toDebugString(const RddNode& node);

}  // namespace cerium
