// Cerium. Licensed under the Apache License 2.0.
// Partitioners assign keys to partitions. A partitioner is any value with `int numPartitions() const` and `int
// getPartition(const K&) const` that can travel as a function can, such as HashPartitioner and RangePartitioner.
// `Partitioner` is the type-erased handle that rdd.partitioner() returns; RDDs are co-partitioned if their handles are
// equal.
#pragma once

#include <algorithm>
#include <concepts>
#include <memory>
#include <string>
#include <typeinfo>
#include <vector>

#include "base/util/error.h"
#include "base/util/hash.h"

namespace cerium {

/// A partitioner for keys of type K.
template <class P, class K>
concept PartitionerFor = requires(const P& p, const K& key) {
  { p.numPartitions() } -> std::convertible_to<int>;
  { p.getPartition(key) } -> std::convertible_to<int>;
};

/// Any partitioner, with its number of partitions and equality.
class Partitioner {
 public:
  template <class P>
    requires(!std::same_as<P, Partitioner>)
  &&requires(const P& p) {
    { p.numPartitions() } -> std::convertible_to<int>;
  }
  Partitioner(const P& p) : self_(static_cast<const Concept*>(new Model<P>(p))) {}  // NOLINT: meant to convert

  [[nodiscard]] int numPartitions() const { return self_->numPartitions(); }
  /// The typed partitioner inside, or null if it has another type.
  template <class P>
  [[nodiscard]] const P* as() const {
    auto* model = dynamic_cast<const Model<P>*>(self_.get());
    return model == nullptr ? nullptr : &model->value;
  }
  friend bool operator==(const Partitioner& a, const Partitioner& b) {
    return a.self_ == b.self_ || a.self_->equals(*b.self_);
  }

 private:
  struct Concept {
    virtual ~Concept() = default;
    virtual int numPartitions() const = 0;
    virtual bool equals(const Concept& other) const = 0;
  };
  template <class P>
  struct Model final : Concept {
    explicit Model(const P& p) : value(p) {}
    int numPartitions() const override { return value.numPartitions(); }
    bool equals(const Concept& other) const override {
      auto* same = dynamic_cast<const Model*>(&other);
      if (same == nullptr) return false;
      if constexpr (std::equality_comparable<P>) {
        return value == same->value;
      } else if constexpr (std::is_empty_v<P>) {
        return true;
      } else {
        return false;
      }
    }
    P value;
  };
  std::shared_ptr<const Concept> self_;
};

/// Spreads keys by their hash. Equal to every HashPartitioner with the same number of partitions.
class HashPartitioner {
 public:
  explicit HashPartitioner(int partitions = 1) : partitions_(partitions) {
    if (partitions <= 0) {
      throw InvalidArgument("HashPartitioner: the number of partitions is " + std::to_string(partitions) +
                            "; it must be at least 1");
    }
  }
  [[nodiscard]] int numPartitions() const { return partitions_; }
  template <class K>
  [[nodiscard]] int getPartition(const K& key) const {
    return ofHash(Hash<K>()(key));
  }
  /// Multiplies instead of dividing (Lemire, "Fast random integer generation in an interval", 2019). Uses the hash's
  /// high bits; hash tables inside a partition use the low ones.
  [[nodiscard]] int ofHash(uint64_t hash) const {
    return static_cast<int>(((hash >> 32) * static_cast<uint64_t>(partitions_)) >> 32);
  }
  friend bool operator==(const HashPartitioner&, const HashPartitioner&) = default;

 private:
  int partitions_;
};

/// Sorted ranges of keys: partition i holds the keys up to and including bound i, the last partition the rest.
/// Operations make one from a sample; programs may make one from their own bounds.
template <class K>
class RangePartitioner {
 public:
  RangePartitioner() = default;
  /// `bounds` must be ascending; there is one partition more than bounds. Without `ascending`, partition 0 holds the
  /// largest keys.
  explicit RangePartitioner(std::vector<K> bounds, bool ascending = true)
      : bounds_(std::move(bounds)), ascending_(ascending) {}

  [[nodiscard]] int numPartitions() const { return static_cast<int>(bounds_.size()) + 1; }
  [[nodiscard]] int getPartition(const K& key) const {
    auto place = std::lower_bound(bounds_.begin(), bounds_.end(), key, KeyLess());
    int partition = static_cast<int>(place - bounds_.begin());
    return ascending_ ? partition : numPartitions() - 1 - partition;
  }
  [[nodiscard]] const std::vector<K>& bounds() const { return bounds_; }
  [[nodiscard]] bool ascending() const { return ascending_; }

  friend bool operator==(const RangePartitioner& a, const RangePartitioner& b) {
    return a.ascending_ == b.ascending_ && KeyEqual()(a.bounds_, b.bounds_);
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(bounds_, ascending_);
  }

 private:
  std::vector<K> bounds_;
  bool ascending_ = true;
};

}  // namespace cerium
