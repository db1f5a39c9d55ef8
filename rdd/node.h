// Cerium. Licensed under the Apache License 2.0.
// Untyped lineage, as the schedulers see an RDD. Immutable once built, except name, storage level and checkpoint. Typed
// records enter in rdd/typed_node.h. Code that walks lineage uses loops, never recursion.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/util/call_site.h"
#include "base/util/ids.h"
#include "base/util/mutex.h"
#include "rdd/closure.h"
#include "rdd/partitioner.h"
#include "rdd/shuffle/shuffle_range.h"
#include "rdd/storage_level.h"

namespace cerium {

class RddNode;
class TaskBody;
using NodePtr = std::shared_ptr<RddNode>;

/// A wide edge of lineage: `parent` is partitioned anew. Its map tasks are one stage; its readers belong to later
/// stages.
class ShuffleDependency {
 public:
  ShuffleDependency(ShuffleId id, NodePtr parent, int num_reduces, std::shared_ptr<const TaskBody> map_side);
  /// For executors, which read the shuffle but do not make it.
  ShuffleDependency(ShuffleId id, int num_maps, int num_reduces);
  ~ShuffleDependency();

  [[nodiscard]] ShuffleId id() const { return id_; }
  [[nodiscard]] const NodePtr& parent() const { return parent_; }
  [[nodiscard]] int numMaps() const { return num_maps_; }
  [[nodiscard]] int numReduces() const { return num_reduces_; }
  /// What a task reads that computes one reduce partition.
  [[nodiscard]] ShuffleRange reducePartition(int reduce) const {
    return {id_, reduce, reduce + 1, 0, num_maps_, num_reduces_};
  }
  /// The body of a map task: reads one partition of `parent` and returns a MapOutput.
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

/// An edge of lineage. Exactly one of the two members is set.
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
  /// The Context that owns the RDD; none in an executor's process.
  [[nodiscard]] ContextId context() const { return context_; }
  void setContext(ContextId context) { context_ = context; }
  [[nodiscard]] int numPartitions() const { return num_partitions_; }
  [[nodiscard]] const std::vector<Dependency>& dependencies() const { return dependencies_; }
  /// The number of RDDs on the longest path from here to one without parents. The same in every process.
  [[nodiscard]] int lineageDepth() const { return lineage_depth_; }
  /// For a decoder, which does not see all parents.
  void setLineageDepth(int depth) { lineage_depth_ = depth; }
  [[nodiscard]] const std::optional<Partitioner>& partitioner() const { return partitioner_; }
  void setPartitioner(std::optional<Partitioner> p) { partitioner_ = std::move(p); }

  [[nodiscard]] std::string name() const;
  void setName(std::string name);
  [[nodiscard]] StorageLevel storageLevel() const { return storage_level_.load(); }
  void setStorageLevel(StorageLevel level);
  /// `action` is called when the last handle of this persisted RDD is gone, so that executors drop its partitions.
  void whenReleased(std::function<void(RddId)> action);

  /// The node that computes this RDD now: itself, or after a checkpoint the node that reads the checkpoint.
  [[nodiscard]] const RddNode* effective() const;
  void replaceBy(NodePtr checkpoint);
  /// Grows with each change of a name, a storage level or a checkpoint of any RDD of this process: if it is the same,
  /// no RDD has changed.
  [[nodiscard]] static uint64_t changes();

  /// Whether checkJobCaptures() found the functions good of this RDD and of all RDDs that it is made from.
  [[nodiscard]] bool hasGoodCaptures() const { return has_good_captures_.load(std::memory_order_relaxed); }
  void noteGoodCaptures() const { has_good_captures_.store(true, std::memory_order_relaxed); }

  /// Appends the parent partitions that partition `p` reads through narrow dependencies. Default: partition `p` of each
  /// narrow parent.
  virtual void narrowParents(int p, std::vector<PartitionRef>& out) const;
  /// The hosts that hold the input of partition `p`, for locality. Default: none.
  [[nodiscard]] virtual std::vector<std::string> preferredHosts(int p) const;
  /// What partition `p` reads of its dependency number `dependency`, a shuffle; for locality. Default: reduce partition
  /// `p` of all map outputs.
  [[nodiscard]] virtual ShuffleRange shuffleInput(size_t dependency, int p) const {
    return dependencies_[dependency].shuffle->reducePartition(p);
  }
  /// Whether all tasks of a stage must run at the same time.
  [[nodiscard]] virtual bool isBarrier() const { return false; }

  /// How this node travels: the entry that decodes it, and its own fields. The stage encodes parents.
  [[nodiscard]] virtual EntryId entry() const = 0;
  virtual void encode(Writer& out) const = 0;
  /// Encodes the data that a task needs for partition `p` beside the node: a slice of a local collection, a piece of a
  /// file. Returns false if there is none. The task reads it with TaskContext::partitionData.
  virtual bool encodePartition(int p, Writer& out) const;
  /// Calls `visit` for each user function of this node, to check captures.
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
  mutable Mutex mutex_;
  std::string name_ CERIUM_GUARDED_BY(mutex_);
  std::function<void(RddId)> on_release_ CERIUM_GUARDED_BY(mutex_);
  NodePtr checkpoint_ CERIUM_GUARDED_BY(mutex_);  // set once, then constant
  std::atomic<const RddNode*> effective_;
  mutable std::atomic<bool> has_good_captures_{false};
};

/// The nodes that one stage computes: `final_node` and the nodes it reaches through narrow dependencies, each once,
/// parents before children. O(nodes + edges).
std::vector<const RddNode*> stageNodes(const RddNode* final_node);

/// The lineage as text, one line a node, indented at each shuffle, as Spark prints it.
std::string toDebugString(const RddNode& node);

}  // namespace cerium
