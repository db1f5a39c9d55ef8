// Cerium. Licensed under the Apache License 2.0.
// RDDs that read files: lines, whole files, fixed-length records.
#pragma once

#include "rdd/io/text_files.h"
#include "rdd/ops/fill_stream.h"

namespace cerium::ops {

/// Lines. Partition p reads splits[p]; a task gets only its own split.
struct TextFile {
  std::vector<io::FileSplit> splits;

  StreamPtr<std::string> compute(TaskContext& task, const RddNode& node, int p) const;
  void encodePartition(int p, Writer& out) const;
  void encode(Writer&) const {}
  static TextFile decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

/// (path, contents) of whole files.
struct WholeFiles {
  std::vector<std::vector<std::string>> paths;  ///< The paths of each partition.

  StreamPtr<std::pair<std::string, std::string>> compute(TaskContext& task, const RddNode& node, int p) const;
  void encodePartition(int p, Writer& out) const;
  void encode(Writer&) const {}
  static WholeFiles decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

/// Records of `length` bytes.
struct BinaryRecords {
  std::vector<io::FileSplit> splits;
  uint64_t length = 1;

  StreamPtr<std::string> compute(TaskContext& task, const RddNode& node, int p) const;
  void encodePartition(int p, Writer& out) const;
  void encode(Writer& out) const { out.put(length); }
  static BinaryRecords decode(Reader& in) { return {{}, in.get<uint64_t>()}; }
  void visit(const ClosureVisitor&) const {}
};

}  // namespace cerium::ops

namespace cerium {
extern template class Node<std::string>;
extern template class OpNode<std::string, ops::TextFile>;
extern template class Node<std::pair<std::string, std::string>>;
extern template class OpNode<std::pair<std::string, std::string>, ops::WholeFiles>;
extern template class OpNode<std::string, ops::BinaryRecords>;
}  // namespace cerium
