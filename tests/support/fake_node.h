// Cerium. Licensed under the Apache License 2.0.
// Lineage without records, for tests of the schedulers: nodes that have dependencies only.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "rdd/node.h"

namespace cerium::test {

/// A node with any number of narrow and shuffle parents. Its partitions are the partitions of its narrow parents, one
/// parent after the other (one narrow parent is a map, several are a union).
class FakeNode final : public RddNode {
 public:
  FakeNode(RddId id, int num_partitions, std::vector<Dependency> dependencies, bool barrier = false)
      : RddNode(id, {"fake", std::source_location::current()}, num_partitions, std::move(dependencies)),
        barrier_(barrier) {}

  void narrowParents(int p, std::vector<PartitionRef>& out) const override {
    for (const Dependency& dependency : dependencies()) {
      if (!dependency.narrow) continue;
      if (p < dependency.narrow->numPartitions()) {
        out.push_back({dependency.narrow.get(), p});
        return;
      }
      p -= dependency.narrow->numPartitions();
    }
  }
  [[nodiscard]] std::vector<std::string> preferredHosts(int) const override { return hosts; }
  [[nodiscard]] bool isBarrier() const override { return barrier_; }
  [[nodiscard]] EntryId entry() const override { return {}; }
  void encode(Writer&) const override {}

  std::vector<std::string> hosts;

 private:
  const bool barrier_;
};

/// Makes fake nodes and numbers them.
class FakeLineage {
 public:
  using Ptr = std::shared_ptr<FakeNode>;

  Ptr source(int partitions) { return make(partitions, {}); }
  Ptr map(NodePtr parent, bool barrier = false) {
    const int partitions = parent->numPartitions();
    return make(partitions, {{std::move(parent), nullptr}}, barrier);
  }
  Ptr unite(const std::vector<NodePtr>& parents) {
    int partitions = 0;
    std::vector<Dependency> dependencies;
    for (const NodePtr& parent : parents) {
      partitions += parent->numPartitions();
      dependencies.push_back({parent, nullptr});
    }
    return make(partitions, std::move(dependencies));
  }
  /// A node that reads one shuffle of each parent.
  Ptr shuffle(const std::vector<NodePtr>& parents, int reduces) {
    std::vector<Dependency> dependencies;
    for (const NodePtr& parent : parents) dependencies.push_back({nullptr, dependency(parent, reduces)});
    return make(reduces, std::move(dependencies));
  }
  /// A node that reads an existing shuffle.
  Ptr read(std::shared_ptr<ShuffleDependency> shuffle) {
    const int reduces = shuffle->numReduces();
    return make(reduces, {{nullptr, std::move(shuffle)}});
  }
  std::shared_ptr<ShuffleDependency> dependency(NodePtr parent, int reduces) {
    return std::make_shared<ShuffleDependency>(ShuffleId(next_shuffle_++), std::move(parent), reduces, nullptr);
  }

 private:
  Ptr make(int partitions, std::vector<Dependency> dependencies, bool barrier = false) {
    return std::make_shared<FakeNode>(RddId(next_rdd_++), partitions, std::move(dependencies), barrier);
  }
  int64_t next_rdd_ = 0;
  int64_t next_shuffle_ = 0;
};

/// The instructions of one kind, in order.
template <class Kind, class Instructions>
std::vector<Kind> only(const Instructions& instructions) {
  std::vector<Kind> found;
  for (const auto& instruction : instructions) {
    if (const auto* it = std::get_if<Kind>(&instruction)) found.push_back(*it);
  }
  return found;
}

}  // namespace cerium::test
