// Cerium. Licensed under the Apache License 2.0.
#include "driver/replay/lineage_description.h"

#include <algorithm>
#include <unordered_set>

namespace cerium::replay {
namespace {

RddState stateOf(const RddNode& node) { return {node.storageLevel(), node.name(), node.effective()->id()}; }

/// Whether partition p reads partition p of each narrow parent.
bool isOneToOne(const RddNode& node, int p, const std::vector<PartitionRef>& parents) {
  size_t next = 0;
  for (const Dependency& dependency : node.dependencies()) {
    if (!dependency.narrow) continue;
    if (next == parents.size() || parents[next].node != dependency.narrow.get() || parents[next].partition != p)
      return false;
    ++next;
  }
  return next == parents.size();
}

void describeNarrowParents(const RddNode& node, RddDescription& rdd) {
  std::vector<PartitionRef> parents;
  int p = 0;
  for (bool is_one_to_one = true; p < rdd.num_partitions && is_one_to_one; ++p) {
    parents.clear();
    node.narrowParents(p, parents);
    is_one_to_one = isOneToOne(node, p, parents);
    if (!is_one_to_one) break;
  }
  if (p == rdd.num_partitions) return;
  for (p = 0; p < rdd.num_partitions; ++p) {
    parents.clear();
    node.narrowParents(p, parents);
    auto& described = rdd.narrow_parents.emplace_back();
    for (const PartitionRef& parent : parents) described.emplace_back(parent.node->id(), parent.partition);
  }
}

void describeShuffleInputs(const RddNode& node, RddDescription& rdd) {
  for (size_t i = 0; i < node.dependencies().size(); ++i) {
    const auto& shuffle = node.dependencies()[i].shuffle;
    if (!shuffle) continue;
    bool is_default = true;
    for (int p = 0; p < rdd.num_partitions && is_default; ++p) {
      is_default = p < shuffle->numReduces() && node.shuffleInput(i, p) == shuffle->reducePartition(p);
    }
    if (is_default) continue;
    rdd.shuffle_inputs.resize(node.dependencies().size());
    for (int p = 0; p < rdd.num_partitions; ++p) rdd.shuffle_inputs[i].push_back(node.shuffleInput(i, p));
  }
}

void describeHosts(const RddNode& node, RddDescription& rdd) {
  for (int p = 0; p < rdd.num_partitions; ++p) {
    auto hosts = node.preferredHosts(p);
    if (hosts.empty()) continue;
    rdd.hosts.resize(static_cast<size_t>(rdd.num_partitions));
    rdd.hosts[static_cast<size_t>(p)] = std::move(hosts);
  }
}

RddDescription describeOne(const RddNode& node) {
  RddDescription rdd{.rdd = node.id(),
                     .site = node.site(),
                     .num_partitions = node.numPartitions(),
                     .is_barrier = node.isBarrier(),
                     .parents = {},
                     .narrow_parents = {},
                     .shuffle_inputs = {},
                     .hosts = {}};
  for (const Dependency& dependency : node.dependencies()) {
    ParentDescription parent{.parent = dependency.parent()->id(), .shuffle = {}};
    if (dependency.shuffle) {
      parent.shuffle = dependency.shuffle->id();
      parent.num_reduces = dependency.shuffle->numReduces();
    }
    rdd.parents.push_back(parent);
  }
  describeNarrowParents(node, rdd);
  describeShuffleInputs(node, rdd);
  describeHosts(node, rdd);
  return rdd;
}

}  // namespace

// ---- LineageRecorder

LineageChange LineageRecorder::describe(const NodePtr& node) {
  LineageChange change;
  // Depth first with an explicit stack: an RDD is described once all its parents are.
  std::vector<std::pair<NodePtr, size_t>> stack;
  std::unordered_set<RddId> entered;
  const auto enter = [&](const NodePtr& next) {
    if (!known_.contains(next->id()) && entered.insert(next->id()).second) stack.emplace_back(next, 0);
  };
  enter(node);
  while (!stack.empty()) {
    auto& [at, next] = stack.back();
    if (next < at->dependencies().size()) {
      enter(at->dependencies()[next++].parent());
      continue;
    }
    add(at, change);
    stack.pop_back();
  }
  forgetReleased();
  return change;
}

/// A checkpoint reads files: it has no parents of its own, and lives as long as the RDD that it replaces.
void LineageRecorder::add(const NodePtr& node, LineageChange& change) {
  const RddNode* checkpoint = node->effective();
  if (checkpoint != node.get() && !known_.contains(checkpoint->id())) {
    change.added.push_back(describeOne(*checkpoint));
    known_[checkpoint->id()] = {node, stateOf(*checkpoint)};
  }
  Known& known = known_[node->id()];
  if (known.node.expired()) {
    known.node = node;
    change.added.push_back(describeOne(*node));
  }
  known.state = stateOf(*node);
  change.states.emplace_back(node->id(), known.state);
}

std::optional<LineageChange> LineageRecorder::changes() {
  const uint64_t seen = RddNode::changes();
  if (std::exchange(changes_seen_, seen) == seen) return {};
  std::vector<std::shared_ptr<const RddNode>> changed;
  for (const auto& [id, known] : known_) {
    auto node = known.node.lock();
    if (node && node->id() == id && stateOf(*node) != known.state) changed.push_back(std::move(node));
  }
  if (changed.empty()) return {};
  LineageChange change;
  for (const auto& node : changed) add(std::const_pointer_cast<RddNode>(node), change);
  return change;
}

void LineageRecorder::forgetReleased() {
  if (known_.size() < forget_at_) return;
  std::erase_if(known_, [](const auto& each) { return each.second.node.expired(); });
  forget_at_ = 2 * known_.size() + 1'000;
}

// ---- DescribedLineage

class DescribedLineage::Node final : public RddNode {
 public:
  Node(const RddDescription& rdd, std::vector<Dependency> parents,
       std::vector<std::vector<std::pair<NodePtr, int>>> narrow_parents)
      : RddNode(rdd.rdd, rdd.site, rdd.num_partitions, std::move(parents)),
        is_barrier_(rdd.is_barrier),
        narrow_parents_(std::move(narrow_parents)),
        shuffle_inputs_(rdd.shuffle_inputs),
        hosts_(rdd.hosts) {}

  void narrowParents(int p, std::vector<PartitionRef>& out) const override {
    if (narrow_parents_.empty()) return RddNode::narrowParents(p, out);
    for (const auto& [node, partition] : narrow_parents_.at(static_cast<size_t>(p)))
      out.push_back({node.get(), partition});
  }
  [[nodiscard]] ShuffleRange shuffleInput(size_t dependency, int p) const override {
    if (shuffle_inputs_.empty() || shuffle_inputs_.at(dependency).empty()) return RddNode::shuffleInput(dependency, p);
    return shuffle_inputs_[dependency].at(static_cast<size_t>(p));
  }
  [[nodiscard]] std::vector<std::string> preferredHosts(int p) const override {
    return hosts_.empty() ? std::vector<std::string>() : hosts_.at(static_cast<size_t>(p));
  }
  [[nodiscard]] bool isBarrier() const override { return is_barrier_; }
  [[nodiscard]] EntryId entry() const override { return {}; }
  void encode(Writer&) const override {}

 private:
  const bool is_barrier_;
  const std::vector<std::vector<std::pair<NodePtr, int>>> narrow_parents_;
  const std::vector<std::vector<ShuffleRange>> shuffle_inputs_;
  const std::vector<std::vector<std::string>> hosts_;
};

void DescribedLineage::apply(const LineageChange& change) {
  for (const RddDescription& rdd : change.added) {
    std::vector<Dependency> parents;
    for (const ParentDescription& each : rdd.parents) {
      if (each.shuffle.valid()) {
        parents.push_back({nullptr, findShuffle(each)});
      } else {
        parents.push_back({find(each.parent), nullptr});
      }
    }
    std::vector<std::vector<std::pair<NodePtr, int>>> narrow_parents;
    for (const auto& partition : rdd.narrow_parents) {
      auto& named = narrow_parents.emplace_back();
      for (const auto& [parent, p] : partition) named.emplace_back(find(parent), p);
    }
    nodes_[rdd.rdd] = std::make_shared<Node>(rdd, std::move(parents), std::move(narrow_parents));
  }
  for (const auto& [rdd, state] : change.states) {
    const NodePtr& node = find(rdd);
    if (node->storageLevel() != state.level) node->setStorageLevel(state.level);
    if (node->name() != state.name) node->setName(state.name);
    if (node->effective()->id() != state.computed_by) node->replaceBy(find(state.computed_by));
  }
}

std::shared_ptr<ShuffleDependency> DescribedLineage::findShuffle(const ParentDescription& edge) {
  auto& shuffle = shuffles_[edge.shuffle];
  if (!shuffle) {
    shuffle = std::make_shared<ShuffleDependency>(edge.shuffle, find(edge.parent), edge.num_reduces, nullptr);
  }
  return shuffle;
}

const NodePtr& DescribedLineage::find(RddId rdd) const {
  const auto found = nodes_.find(rdd);
  if (found == nodes_.end()) throw CorruptData("RDD " + rdd.str() + " is named before it is described");
  return found->second;
}

}  // namespace cerium::replay
