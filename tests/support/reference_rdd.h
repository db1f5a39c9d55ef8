// Cerium. Licensed under the Apache License 2.0.
// RDD operations as plain loops over a vector: the model that random programs are checked against. Records are pairs of
// small numbers. If Spark leaves the order open (after a shuffle), results are compared as multisets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace cerium::testing {

using ModelRecord = std::pair<int, int64_t>;

/// The functions of both sides. Values stay small, so that nothing overflows.
namespace model {
inline ModelRecord next(const ModelRecord& r) { return {(r.first * 7 + 3) % 23, (r.second * 31 + r.first) % 10'007}; }
inline bool keep(const ModelRecord& r) { return (r.first + r.second) % 3 != 0; }
inline int64_t change(int64_t value) { return (value * 17 + 5) % 10'007; }
inline int64_t add(int64_t a, int64_t b) { return (a + b) % 10'007; }
inline std::vector<ModelRecord> several(const ModelRecord& r) {
  std::vector<ModelRecord> out;
  for (int64_t i = 0; i < r.second % 3; ++i) out.emplace_back(r.first + static_cast<int>(i), r.second);
  return out;
}
}  // namespace model

/// A value type: every operation returns a new one.
class ReferenceRdd {
 public:
  using Records = std::vector<ModelRecord>;

  explicit ReferenceRdd(Records records) : records_(std::move(records)) {}

  [[nodiscard]] const Records& records() const { return records_; }
  [[nodiscard]] Records sorted() const {
    Records all = records_;
    std::sort(all.begin(), all.end());
    return all;
  }

  [[nodiscard]] ReferenceRdd map() const {
    Records out;
    for (const ModelRecord& r : records_) out.push_back(model::next(r));
    return ReferenceRdd(std::move(out));
  }
  [[nodiscard]] ReferenceRdd filter() const {
    Records out;
    for (const ModelRecord& r : records_) {
      if (model::keep(r)) out.push_back(r);
    }
    return ReferenceRdd(std::move(out));
  }
  [[nodiscard]] ReferenceRdd flatMap() const {
    Records out;
    for (const ModelRecord& r : records_) {
      for (const ModelRecord& each : model::several(r)) out.push_back(each);
    }
    return ReferenceRdd(std::move(out));
  }
  [[nodiscard]] ReferenceRdd mapValues() const {
    Records out = records_;
    for (ModelRecord& r : out) r.second = model::change(r.second);
    return ReferenceRdd(std::move(out));
  }
  [[nodiscard]] ReferenceRdd unionWith(const ReferenceRdd& other) const {
    Records out = records_;
    out.insert(out.end(), other.records_.begin(), other.records_.end());
    return ReferenceRdd(std::move(out));
  }
  [[nodiscard]] ReferenceRdd distinct() const {
    std::set<ModelRecord> all(records_.begin(), records_.end());
    return ReferenceRdd(Records(all.begin(), all.end()));
  }
  [[nodiscard]] ReferenceRdd reduceByKey() const {
    std::map<int, int64_t> sums;
    for (const auto& [key, value] : records_) {
      auto [at, is_new] = sums.emplace(key, value);
      if (!is_new) at->second = model::add(at->second, value);
    }
    return ReferenceRdd(Records(sums.begin(), sums.end()));
  }
  /// One record for each key: the number of its values and the greatest one.
  [[nodiscard]] ReferenceRdd groupSizes() const {
    Records out;
    for (const auto& [key, values] : groups()) {
      out.emplace_back(key, static_cast<int64_t>(values.size()) * 10'007 % 997 + *values.rbegin());
    }
    return ReferenceRdd(std::move(out));
  }
  /// A join with the sums of the other side: each pair of values is added.
  [[nodiscard]] ReferenceRdd joinWith(const ReferenceRdd& other) const {
    Records out;
    auto right = other.reduceByKey();
    std::map<int, int64_t> by_key(right.records_.begin(), right.records_.end());
    for (const auto& [key, value] : records_) {
      auto found = by_key.find(key);
      if (found != by_key.end()) out.emplace_back(key, model::add(value, found->second));
    }
    return ReferenceRdd(std::move(out));
  }
  [[nodiscard]] ReferenceRdd subtractByKey(const ReferenceRdd& other) const {
    const auto keys = other.groups();
    Records out;
    for (const ModelRecord& r : records_) {
      if (keys.count(r.first) == 0) out.push_back(r);
    }
    return ReferenceRdd(std::move(out));
  }
  [[nodiscard]] ReferenceRdd intersection(const ReferenceRdd& other) const {
    const std::set<ModelRecord> mine(records_.begin(), records_.end());
    const std::set<ModelRecord> theirs(other.records_.begin(), other.records_.end());
    Records out;
    std::set_intersection(mine.begin(), mine.end(), theirs.begin(), theirs.end(), std::back_inserter(out));
    return ReferenceRdd(std::move(out));
  }

  /// The sorted values of each key.
  [[nodiscard]] std::map<int, std::multiset<int64_t>> groups() const {
    std::map<int, std::multiset<int64_t>> all;
    for (const auto& [key, value] : records_) all[key].insert(value);
    return all;
  }

 private:
  Records records_;
};

}  // namespace cerium::testing
