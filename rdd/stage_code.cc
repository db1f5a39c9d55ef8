// Cerium. Licensed under the Apache License 2.0.
#include "rdd/stage_code.h"

#include <set>
#include <unordered_map>
#include <unordered_set>

#include "rdd/fused_body.h"

namespace cerium {
namespace {

void encodeNode(Writer& out, const RddNode& node, const std::unordered_map<const RddNode*, uint64_t>& places) {
  out.put(node.id());
  out.put(node.entry());
  closure::encodeSite(out, node.site());
  out.varint(static_cast<uint64_t>(node.numPartitions()));
  out.put(node.storageLevel());
  out.varint(static_cast<uint64_t>(node.lineageDepth()));
  out.varint(node.dependencies().size());
  for (const Dependency& dependency : node.dependencies()) {
    out.put(dependency.narrow != nullptr);
    if (dependency.narrow) {
      out.varint(places.at(dependency.narrow->effective()));
    } else {
      out.put(dependency.shuffle->id());
      out.varint(static_cast<uint64_t>(dependency.shuffle->numMaps()));
      out.varint(static_cast<uint64_t>(dependency.shuffle->numReduces()));
    }
  }
  try {
    node.encode(out);
  } catch (...) {
    closure::noteThrow(node.site());
    throw;
  }
}

NodePtr decodeNode(Reader& in, const std::vector<NodePtr>& nodes) {
  NodeHeader header;
  header.id = in.get<RddId>();
  const auto entry = in.get<EntryId>();
  header.site = closure::decodeSite(in);
  header.num_partitions = static_cast<int>(in.varint());
  header.storage_level = in.get<StorageLevel>();
  header.lineage_depth = static_cast<int>(in.varint());
  for (size_t n = in.count(); n > 0; --n) {
    if (in.get<bool>()) {
      const uint64_t place = in.varint();
      if (place >= nodes.size()) throw CorruptData("a stage names a parent that does not come before its child");
      header.dependencies.push_back({nodes[place], nullptr});
    } else {
      const auto id = in.get<ShuffleId>();
      const int maps = static_cast<int>(in.varint());
      const int reduces = static_cast<int>(in.varint());
      header.dependencies.push_back({nullptr, std::make_shared<ShuffleDependency>(id, maps, reduces)});
    }
  }
  const auto decode = reinterpret_cast<NodeDecoder>(resolveEntry(EntryKind::kNode, entry));
  const CallSite site = header.site;
  try {
    return decode(std::move(header), in);
  } catch (...) {
    closure::noteThrow(site);
    throw;
  }
}

}  // namespace

Bytes encodeStage(const TaskBody& body) {
  Bytes code;
  Writer out(code);
  const auto nodes = stageNodes(&body.node());
  std::unordered_map<const RddNode*, uint64_t> places;
  out.varint(nodes.size());
  for (const RddNode* node : nodes) {
    encodeNode(out, *node, places);
    places.emplace(node, places.size());
  }
  out.put(body.entry());
  body.encode(out);
  return code;
}

std::shared_ptr<const TaskBody> decodeStage(const Bytes& code) {
  Reader in(code);
  std::vector<NodePtr> nodes;
  for (size_t n = in.count(); n > 0; --n) nodes.push_back(decodeNode(in, nodes));
  if (nodes.empty()) throw CorruptData("a stage has no nodes");
  const auto entry = in.get<EntryId>();
  return reinterpret_cast<TaskDecoder>(resolveEntry(EntryKind::kTask, entry))(nodes.back(), in);
}

namespace {

/// Calls `visit(node, partition)` once for each partition that task `p` on `node` computes.
template <class Visit>
void forEachInput(const RddNode& node, int p, Visit visit) {
  std::set<std::pair<const RddNode*, int>> seen;
  std::vector<PartitionRef> stack{{&node, p}};
  std::vector<PartitionRef> parents;
  while (!stack.empty()) {
    const PartitionRef at = stack.back();
    stack.pop_back();
    const RddNode* now = at.node->effective();
    if (!seen.emplace(now, at.partition).second) continue;
    visit(*now, at.partition);
    parents.clear();
    now->narrowParents(at.partition, parents);
    stack.insert(stack.end(), parents.begin(), parents.end());
  }
}

}  // namespace

std::vector<SourcePartition> sourcePartitions(const RddNode& node, int p) {
  std::vector<SourcePartition> found;
  forEachInput(node, p, [&](const RddNode& at, int partition) {
    Bytes data;
    Writer out(data);
    try {
      if (at.encodePartition(partition, out)) found.push_back({at.id(), partition, std::move(data)});
    } catch (...) {
      closure::noteThrow(at.site());
      throw;
    }
  });
  return found;
}

std::vector<PartitionRef> cachedPartitions(const RddNode& node, int p) {
  std::vector<PartitionRef> found;
  forEachInput(node, p, [&](const RddNode& at, int partition) {
    if (at.storageLevel() != StorageLevel::NONE) found.push_back({&at, partition});
  });
  return found;
}

size_t checkJobCaptures(const TaskBody& body) {
  const ClosureVisitor check = [](const CallSite& site, const void* captures, size_t size) {
    if (size > 0) checkCaptures(site, captures, size);
  };
  std::unordered_set<const RddNode*> seen;
  std::vector<const RddNode*> todo;
  const auto look_at = [&](const RddNode* node) {
    if (!node->hasGoodCaptures() && seen.insert(node).second) todo.push_back(node);
  };
  body.visitClosures(check);
  look_at(body.node().effective());
  while (!todo.empty()) {
    const RddNode* node = todo.back();
    todo.pop_back();
    node->visitClosures(check);
    for (const Dependency& dependency : node->dependencies()) {
      if (dependency.shuffle) dependency.shuffle->mapSide()->visitClosures(check);
      look_at(dependency.parent()->effective());
    }
  }
  for (const RddNode* node : seen) node->noteGoodCaptures();
  return seen.size();
}

}  // namespace cerium
