// Cerium. Licensed under the Apache License 2.0.
#include "rdd/node.h"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

namespace cerium {
namespace {

/// Nodes whose destruction is delayed. Lineage may be 10,000 deep, and destructors that destroy their parents
/// recursively would overflow the stack. The first destructor on a thread destroys the others in a loop.
thread_local std::vector<NodePtr>* t_graveyard = nullptr;

std::atomic<uint64_t> g_changes{0};

void bury(NodePtr node) {
  if (!node) return;
  if (t_graveyard != nullptr) {
    t_graveyard->push_back(std::move(node));
    return;
  }
  std::vector<NodePtr> graveyard;
  t_graveyard = &graveyard;
  graveyard.push_back(std::move(node));
  while (!graveyard.empty()) {
    NodePtr last = std::move(graveyard.back());
    graveyard.pop_back();
    last.reset();  // may add its parents
  }
  t_graveyard = nullptr;
}

}  // namespace

ShuffleDependency::ShuffleDependency(ShuffleId id, NodePtr parent, int num_reduces,
                                     std::shared_ptr<const TaskBody> map_side)
    : id_(id),
      parent_(std::move(parent)),
      num_maps_(parent_->numPartitions()),
      num_reduces_(num_reduces),
      map_side_(std::move(map_side)) {}

ShuffleDependency::ShuffleDependency(ShuffleId id, int num_maps, int num_reduces)
    : id_(id), num_maps_(num_maps), num_reduces_(num_reduces) {}

ShuffleDependency::~ShuffleDependency() {
  if (on_release) on_release(id_);
  map_side_.reset();
  bury(std::move(parent_));
}

RddNode::RddNode(RddId id, CallSite site, int num_partitions, std::vector<Dependency> dependencies)
    : id_(id), site_(site), num_partitions_(num_partitions), dependencies_(std::move(dependencies)), effective_(this) {
  for (const Dependency& dependency : dependencies_) {
    const RddNode* parent = dependency.narrow ? dependency.narrow.get() : dependency.shuffle->parent().get();
    if (parent != nullptr) lineage_depth_ = std::max(lineage_depth_, parent->lineage_depth_ + 1);
  }
}

RddNode::~RddNode() {
  if (on_release_ && storageLevel() != StorageLevel::NONE) on_release_(id_);
  bury(std::move(checkpoint_));
  for (Dependency& dependency : dependencies_) {
    bury(std::move(dependency.narrow));
    dependency.shuffle.reset();
  }
}

std::string RddNode::name() const {
  MutexLock lock(mutex_);
  return name_;
}

void RddNode::setName(std::string name) {
  MutexLock lock(mutex_);
  name_ = std::move(name);
  ++g_changes;
}

void RddNode::setStorageLevel(StorageLevel level) {
  storage_level_.store(level);
  ++g_changes;
}

uint64_t RddNode::changes() { return g_changes; }

void RddNode::whenReleased(std::function<void(RddId)> action) {
  MutexLock lock(mutex_);
  on_release_ = std::move(action);
}

const RddNode* RddNode::effective() const { return effective_.load(); }

void RddNode::replaceBy(NodePtr checkpoint) {
  MutexLock lock(mutex_);
  checkpoint_ = std::move(checkpoint);
  effective_.store(checkpoint_.get());
  ++g_changes;
}

void RddNode::narrowParents(int p, std::vector<PartitionRef>& out) const {
  for (const Dependency& dependency : dependencies_) {
    if (dependency.narrow) out.push_back({dependency.narrow.get(), p});
  }
}

std::vector<std::string> RddNode::preferredHosts(int) const { return {}; }
bool RddNode::encodePartition(int, Writer&) const { return false; }
void RddNode::visitClosures(const ClosureVisitor&) const {}

std::vector<const RddNode*> stageNodes(const RddNode* final_node) {
  std::vector<const RddNode*> ordered;
  std::unordered_set<const RddNode*> done;
  // Depth first with an explicit stack. A node is listed once all its narrow parents are listed.
  std::vector<std::pair<const RddNode*, size_t>> stack{{final_node->effective(), 0}};
  std::unordered_set<const RddNode*> entered{final_node->effective()};
  while (!stack.empty()) {
    auto& [node, next] = stack.back();
    const auto& dependencies = node->dependencies();
    if (next == dependencies.size()) {
      ordered.push_back(node);
      stack.pop_back();
      continue;
    }
    const Dependency& dependency = dependencies[next++];
    if (!dependency.narrow) continue;
    const RddNode* parent = dependency.narrow->effective();
    if (entered.insert(parent).second) stack.emplace_back(parent, 0);
  }
  return ordered;
}

std::string toDebugString(const RddNode& node) {
  struct Item {
    const RddNode* node;
    std::string prefix;
    bool after_shuffle;
  };
  std::string text;
  std::unordered_set<const RddNode*> seen;
  std::vector<Item> stack{{&node, "", true}};
  while (!stack.empty()) {
    Item item = std::move(stack.back());
    stack.pop_back();
    const RddNode& rdd = *item.node;
    std::string label = rdd.name().empty() ? "" : rdd.name() + " ";
    std::string mark = &rdd == &node        ? fmt::format("({}) ", rdd.numPartitions())
                       : item.after_shuffle ? fmt::format("+-({}) ", rdd.numPartitions())
                                            : "|  ";
    text += fmt::format("{}{}{}[{}] {}", item.prefix, mark, label, rdd.id().str(), rdd.site().str());
    if (rdd.storageLevel() != StorageLevel::NONE) text += fmt::format(" [{}]", toString(rdd.storageLevel()));
    if (rdd.effective() != &rdd) text += " [checkpointed]";
    const bool again = !seen.insert(&rdd).second;
    if (again && !rdd.dependencies().empty()) text += " (see above)";
    text += '\n';
    if (again) continue;
    const auto& dependencies = rdd.effective()->dependencies();
    std::string deeper = item.prefix + (item.after_shuffle && &rdd != &node ? "   " : "");
    for (auto at = dependencies.rbegin(); at != dependencies.rend(); ++at) {
      bool shuffled = at->shuffle != nullptr;
      stack.push_back({at->parent().get(), shuffled ? deeper + " " : deeper, shuffled});
    }
  }
  return text;
}

}  // namespace cerium
