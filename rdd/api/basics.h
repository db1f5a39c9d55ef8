// Cerium. Licensed under the Apache License 2.0.
// What an RDD is called, where it is kept, and how it is partitioned. Each of these gives a chain a node of its own.
#pragma once

#include "rdd/api/support.h"

namespace cerium::api {

template <class Self, class T>
class Basics {
 public:
  using value_type = T;

  /// Keeps partitions where `level` says once they are computed, until unpersist() or for as long as the program, or an
  /// RDD that is made from this one, holds it. The level can be set once, until unpersist().
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
  RDD<T> cache(Where where = Where::current()) const { return persist(MEMORY_ONLY, where); }
  /// Forgets the level and drops the cached partitions; `blocking` waits until they are gone.
  RDD<T> unpersist(bool blocking = false) const {
    auto rdd = self().rdd();
    rdd.node()->setStorageLevel(NONE);
    self().runner()->unpersist(*rdd.node(), blocking);
    return rdd;
  }
  [[nodiscard]] StorageLevel getStorageLevel() const { return self().rdd().node()->storageLevel(); }

  /// Writes the RDD to a folder below setCheckpointDir, at the end of the first job that uses it, and cuts the lineage
  /// there. Persist it first: else it is computed twice.
  void checkpoint(Where where = Where::current()) const;
  /// Cuts the lineage at the cached partitions: faster, but an executor's loss then fails the job.
  void localCheckpoint(Where where = Where::current()) const;
  [[nodiscard]] bool isCheckpointed() const {
    auto node = self().rdd().node();
    return node->effective() != &*node;
  }

  [[nodiscard]] int64_t id() const { return self().rdd().node()->id().value; }
  RDD<T> setName(std::string name) const {
    auto rdd = self().rdd();
    rdd.node()->setName(std::move(name));
    return rdd;
  }
  [[nodiscard]] std::string name() const { return self().rdd().node()->name(); }
  /// The lineage: one line an RDD, indented at each shuffle.
  [[nodiscard]] std::string toDebugString() const { return cerium::toDebugString(*self().rdd().node()); }
  /// Ids of the parents.
  [[nodiscard]] std::vector<Dependency> dependencies() const {
    return self().rdd().node()->effective()->dependencies();
  }
  [[nodiscard]] Context& context() const { return self().runner()->context(); }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace cerium::api
