// Cerium. Licensed under the Apache License 2.0.
// Name, storage and partitioning of an RDD. Each of these operations gives a chain a node of its own.
#pragma once

#include "rdd/api/support.h"

namespace cerium::api {

template <class Self, class T>
class Basics {
 public:
  using value_type = T;

  /// Stores partitions at `level` once they are computed: until unpersist(), or as long as the program, or an RDD made
  /// from this one, holds the RDD. Throws InvalidArgument if another level is set already.
  ///   auto errors = lines.filter(isError).cache();
  RDD<T> persist(StorageLevel level = MEMORY_ONLY, Where where = Where::current()) const {
    requireSerializable<op::cache, T>();
    auto rdd = self().rdd();
    const StorageLevel now = rdd.getStorageLevel();
    if (now != NONE && now != level) {
      throw InvalidArgument(CallSite("persist", where).str() + ": the storage level is " + toString(now) +
                            " already; call unpersist() before setting " + toString(level));
    }
    self().runner()->persist(*rdd.node(), level);
    return rdd;
  }
  /// persist(MEMORY_ONLY).
  RDD<T> cache(Where where = Where::current()) const { return persist(MEMORY_ONLY, where); }
  /// Resets the level and drops the cached partitions. With `blocking` it returns once the driver has handled the
  /// order; executors may still hold the partitions for a moment.
  RDD<T> unpersist(bool blocking = false) const {
    auto rdd = self().rdd();
    rdd.node()->setStorageLevel(NONE);
    self().runner()->unpersist(*rdd.node(), blocking);
    return rdd;
  }
  /// The level that persist() set; NONE without.
  [[nodiscard]] StorageLevel getStorageLevel() const { return self().rdd().node()->storageLevel(); }

  /// Writes the RDD to a folder in the folder of setCheckpointDir at the end of the first job that uses it, and cuts
  /// the lineage there. Persist the RDD first, or it is computed twice.
  void checkpoint(Where where = Where::current()) const;
  /// Cuts the lineage at the cached partitions. Faster than checkpoint(), but if an executor is lost, jobs that need
  /// its partitions fail.
  void localCheckpoint(Where where = Where::current()) const;
  /// Whether a checkpoint was made and the lineage cut.
  [[nodiscard]] bool isCheckpointed() const {
    auto node = self().rdd().node();
    return node->effective() != &*node;
  }

  /// The number of the RDD, unique in its Context, as pages and messages name it.
  [[nodiscard]] int64_t id() const { return self().rdd().node()->id().value; }
  /// Names the RDD in messages, toDebugString() and the pages. Returns the RDD.
  RDD<T> setName(std::string name) const {
    auto rdd = self().rdd();
    rdd.node()->setName(std::move(name));
    return rdd;
  }
  /// The name that setName() gave; empty without.
  [[nodiscard]] std::string name() const { return self().rdd().node()->name(); }
  /// The lineage as text: one line for each RDD, indented at each shuffle.
  [[nodiscard]] std::string toDebugString() const { return cerium::toDebugString(*self().rdd().node()); }
  /// The edges to the parents.
  [[nodiscard]] std::vector<Dependency> dependencies() const {
    return self().rdd().node()->effective()->dependencies();
  }
  /// The Context that made the RDD.
  [[nodiscard]] Context& context() const { return self().runner()->context(); }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace cerium::api
