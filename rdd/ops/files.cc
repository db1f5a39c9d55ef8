// Cerium. Licensed under the Apache License 2.0.
#include "rdd/ops/files.h"

#include <cstdio>

namespace cerium {
namespace ops {
namespace {

void encodeSplit(Writer& out, const io::FileSplit& split) {
  out.text(split.path);
  out.put(split.begin);
  out.put(split.end);
}

/// The split of this task: from the node in local mode, else from the data that the driver sent.
io::FileSplit splitOf(const std::vector<io::FileSplit>& splits, TaskContext& task, const RddNode& node, int p) {
  if (!splits.empty()) return splits.at(static_cast<size_t>(p));
  Reader in(task.partitionData(node.id(), p));
  io::FileSplit split{std::string(in.text()), in.get<uint64_t>(), 0};
  split.end = in.get<uint64_t>();
  return split;
}

/// Yields strings that the reader fills again and again; unlike a RecordBuffer's, they keep their memory.
class LineStream final : public Stream<std::string> {
 public:
  LineStream(const io::FileSplit& split, TaskContext& task) : reader_(split), task_(task) {}

  Batch<std::string> next() override {
    const size_t n = reader_.next(lines_, kLines);
    task_.metrics().records_read += static_cast<int64_t>(n);
    task_.metrics().bytes_read += reader_.bytesRead() - counted_;
    counted_ = reader_.bytesRead();
    return {lines_.data(), n, true};
  }

 private:
  static constexpr size_t kLines = 512;
  io::LineReader reader_;
  TaskContext& task_;
  std::vector<std::string> lines_;
  int64_t counted_ = 0;
};

}  // namespace

StreamPtr<std::string> TextFile::compute(TaskContext& task, const RddNode& node, int p) const {
  return makeStream<LineStream>(splitOf(splits, task, node, p), task);
}
void TextFile::encodePartition(int p, Writer& out) const { encodeSplit(out, splits[static_cast<size_t>(p)]); }

StreamPtr<std::pair<std::string, std::string>> WholeFiles::compute(TaskContext& task, const RddNode& node,
                                                                   int p) const {
  std::vector<std::string> mine;
  if (!paths.empty()) {
    mine = paths.at(static_cast<size_t>(p));
  } else {
    Reader in(task.partitionData(node.id(), p));
    mine = decodeValue<std::vector<std::string>>(in);
  }
  return fillStream<std::pair<std::string, std::string>>(
      [&task, mine = std::move(mine), at = size_t{0}](auto& out) mutable {
        if (at == mine.size()) return false;
        auto contents = io::readWholeFile(mine[at]);
        ++task.metrics().records_read;
        task.metrics().bytes_read += static_cast<int64_t>(contents.size());
        out.emplace_back(mine[at++], std::move(contents));
        return at < mine.size();
      });
}
void WholeFiles::encodePartition(int p, Writer& out) const { encodeValue(out, paths[static_cast<size_t>(p)]); }

StreamPtr<std::string> BinaryRecords::compute(TaskContext& task, const RddNode& node, int p) const {
  const io::FileSplit split = splitOf(splits, task, node, p);
  std::shared_ptr<std::FILE> file(std::fopen(split.path.c_str(), "rbe"), [](std::FILE* f) {
    if (f != nullptr) std::fclose(f);
  });
  if (!file || ::fseeko(file.get(), static_cast<off_t>(split.begin), SEEK_SET) != 0) {
    throw IoError("cannot read " + split.path);
  }
  return fillStream<std::string>(
      [&task, file, split, left = (split.end - split.begin) / length, bytes = length](auto& out) mutable {
        for (int n = 256; n > 0 && left > 0; --n, --left) {
          std::string record(bytes, '\0');
          if (std::fread(record.data(), 1, bytes, file.get()) != bytes) throw IoError("cannot read " + split.path);
          ++task.metrics().records_read;
          task.metrics().bytes_read += static_cast<int64_t>(bytes);
          out.emplace_back(std::move(record));
        }
        return left > 0;
      });
}
void BinaryRecords::encodePartition(int p, Writer& out) const { encodeSplit(out, splits[static_cast<size_t>(p)]); }

}  // namespace ops

template class Node<std::string>;
template class OpNode<std::string, ops::TextFile>;
template class Node<std::pair<std::string, std::string>>;
template class OpNode<std::pair<std::string, std::string>, ops::WholeFiles>;
template class OpNode<std::string, ops::BinaryRecords>;

}  // namespace cerium
