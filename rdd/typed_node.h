// Cerium. Licensed under the Apache License 2.0.
// Typed lineage: Node<T> computes partitions of records of type T, and OpNode<T, Body> implements it for an operation.
// A new operation is a Body struct in rdd/ops/: its functions and values, and the computation of a partition.
#pragma once

#include <utility>

#include "rdd/node.h"
#include "rdd/task_context.h"
#include "rdd/unroll.h"

namespace cerium {

/// An RDD of records of type T.
template <class T>
class Node : public RddNode {
 public:
  using record_type = T;
  using RddNode::RddNode;

  /// The records of partition `p`: cached ones if there are, else computed ones, which are cached if the RDD is
  /// persisted.
  StreamPtr<T> open(TaskContext& task, int p) const;

 protected:
  virtual StreamPtr<T> compute(TaskContext& task, int p) const = 0;

 private:
  StreamPtr<T> keep(TaskContext& task, int p, StorageLevel level, StreamPtr<T> stream) const;
};

/// A NodePtr whose record type is known. (A std::shared_ptr<Node<T>> costs the compiler more; see erased.h.)
template <class T>
class TypedNodePtr {
 public:
  TypedNodePtr() = default;
  /// REQUIRES: `node` is a Node<T> or null.
  explicit TypedNodePtr(NodePtr node) : node_(std::move(node)) {}

  Node<T>* operator->() const { return static_cast<Node<T>*>(node_.get()); }
  Node<T>& operator*() const { return static_cast<Node<T>&>(*node_); }
  explicit operator bool() const { return node_ != nullptr; }
  operator const NodePtr&() const { return node_; }  // NOLINT: meant to convert

 private:
  NodePtr node_;
};

/// The common fields of an encoded node, which its decoder gets beside the node's own bytes.
struct NodeHeader {
  RddId id;
  CallSite site;
  int num_partitions = 0;
  StorageLevel storage_level = StorageLevel::NONE;
  int lineage_depth = 0;
  std::vector<Dependency> dependencies;
};
using NodeDecoder = NodePtr (*)(NodeHeader&&, Reader&);

/// A node whose behaviour is a Body:
///   StreamPtr<T> compute(TaskContext&, const RddNode& node, int p) const   the records of a partition
///   void encode(Writer&) const; static Body decode(Reader&); void visit(const ClosureVisitor&) const   (Parts has
/// these)
/// and, if the default of RddNode does not fit: narrowParents, preferredHosts, shuffleInput, encodePartition, kBarrier.
template <class T, class Body>
class OpNode final : public Node<T> {
 public:
  OpNode(RddId id, CallSite site, int num_partitions, std::vector<Dependency> dependencies, Body body)
      : Node<T>(id, site, num_partitions, std::move(dependencies)), body_(std::move(body)) {}

  [[nodiscard]] EntryId entry() const override { return Entry<EntryKind::kNode, &OpNode::decode>::id(); }
  void encode(Writer& out) const override { body_.encode(out); }
  void visitClosures(const ClosureVisitor& visit) const override { body_.visit(visit); }

  void narrowParents(int p, std::vector<PartitionRef>& out) const override {
    if constexpr (requires { body_.narrowParents(*this, p, out); }) {
      body_.narrowParents(*this, p, out);
    } else {
      Node<T>::narrowParents(p, out);
    }
  }
  [[nodiscard]] std::vector<std::string> preferredHosts(int p) const override {
    if constexpr (requires { body_.preferredHosts(p); }) {
      return body_.preferredHosts(p);
    } else {
      return {};
    }
  }
  [[nodiscard]] ShuffleRange shuffleInput(size_t dependency, int p) const override {
    if constexpr (requires { body_.shuffleInput(*this, dependency, p); }) {
      return body_.shuffleInput(*this, dependency, p);
    } else {
      return Node<T>::shuffleInput(dependency, p);
    }
  }
  bool encodePartition(int p, Writer& out) const override {
    if constexpr (requires { body_.encodePartition(p, out); }) {
      body_.encodePartition(p, out);
      return true;
    } else {
      return false;
    }
  }
  [[nodiscard]] bool isBarrier() const override {
    if constexpr (requires { Body::kBarrier; }) {
      return Body::kBarrier;
    } else {
      return false;
    }
  }

  static NodePtr decode(NodeHeader&& header, Reader& in) {
    NodePtr node(static_cast<RddNode*>(
        new OpNode(header.id, header.site, header.num_partitions, std::move(header.dependencies), Body::decode(in))));
    node->setStorageLevel(header.storage_level);
    node->setLineageDepth(header.lineage_depth);
    return node;
  }

 protected:
  StreamPtr<T> compute(TaskContext& task, int p) const override {
    try {
      return body_.compute(task, *this, p);
    } catch (...) {  // thrown by a hash, a comparison or a partitioner of the program
      closure::noteThrow(this->site());
      throw;
    }
  }

 private:
  Body body_;
};

/// Parent number `i` of a node. REQUIRES: its record type is T.
template <class T>
const Node<T>& typedParent(const RddNode& node, size_t i) {
  return static_cast<const Node<T>&>(*node.dependencies()[i].narrow);
}

/// The records of a typed block.
template <class T>
StreamPtr<T> openTyped(const TypedBlock& block) {
  auto& records = *static_cast<const RecordBuffer<T>*>(block.records.get());
  return makeStream<SharedStream<T>>(records.data(), records.size(), block.records);
}

template <class T>
StreamPtr<T> openCached(CachedBlock block) {
  if (block.block.records) return openTyped<T>(block.block);
  return makeStream<PieceStream<T>>(std::move(block.pieces));
}

template <class T>
StreamPtr<T> Node<T>::open(TaskContext& task, int p) const {
  const RddNode* now = this->effective();
  if (now != this) return static_cast<const Node<T>*>(now)->open(task, p);
  const StorageLevel level = this->storageLevel();
  if (level == StorageLevel::NONE) return compute(task, p);
  if constexpr (Serializable<T>) {
    auto cached = task.services().findCached(this->id(), p);
    if (!cached) return keep(task, p, level, compute(task, p));
    if (!cached->is_elsewhere || !usesMemory(level)) return openCached<T>(std::move(*cached));
    // The task runs on another executor than its cached block and stores a copy here, so that the next task finds it.
    // The copy does not go to disk, because the other executor still has the block.
    if (!keepsEncoded(level)) return keep(task, p, MEMORY_ONLY, openCached<T>(std::move(*cached)));
    (void)task.services().cacheBlock(this->id(), p, MEMORY_ONLY_SER, *cached);
    return openCached<T>(std::move(*cached));
  } else {
    throw InvalidArgument(this->site().str() + ": records of this type cannot be serialized, so they cannot be cached");
  }
}

template <class T>
StreamPtr<T> Node<T>::keep(TaskContext& task, int p, StorageLevel level, StreamPtr<T> stream) const {
  Unroll<T> unroll(task, level);
  if (!unroll.take(stream)) return makeStream<ConcatStream<T>>(unroll.passOn(), std::move(stream));
  CachedBlock block = unroll.block();
  if (task.services().cacheBlock(this->id(), p, level, block)) task.services().computedForCache(*this);
  if (block.disk() == 0) return openCached<T>(std::move(block));
  // A block on disk is verified before it is used, as by any later reader.
  auto kept = task.services().findCached(this->id(), p);
  return kept ? openCached<T>(std::move(*kept)) : compute(task, p);
}

}  // namespace cerium
