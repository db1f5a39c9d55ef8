// Cerium. Licensed under the Apache License 2.0.
// The map side of a shuffle: records go to their reduce partition's buffer; what memory does not hold goes to disk.
#pragma once

#include <vector>

#include "rdd/task_body.h"

namespace cerium {

/// Collects one map task's output. `R` is the record type that the reduce side reads.
template <class R>
class ShuffleWriter {
 public:
  ShuffleWriter(TaskContext& task, int partitions)
      : task_(task),
        reserved_(task.services().memory()),
        buffers_(static_cast<size_t>(partitions)),
        output_(partitions) {}

  [[nodiscard]] size_t partitions() const { return buffers_.size(); }

  template <class X>
  void add(int partition, X&& record) {
    if constexpr (!kBitwise<R>) heap_bytes_ += serde::heapBytes<R>(record);
    buffers_[static_cast<size_t>(partition)].emplace_back(std::forward<X>(record));
    if (++unchecked_ == kCheckEvery) [[unlikely]]
      checkMemory();
  }

  /// Room for `n` more records of a partition, where the caller knows.
  void reserve(int partition, size_t n) {
    auto& buffer = buffers_[static_cast<size_t>(partition)];
    buffer.reserve(buffer.size() + n);
  }

  /// Writes everything in memory to disk.
  void spillAll() {
    Bytes bytes;
    for (size_t p = 0; p < buffers_.size(); ++p) {
      RecordBuffer<R>& buffer = buffers_[p];
      if (buffer.empty()) continue;
      bytes.clear();
      Writer out(bytes);
      encodeRecords(out, buffer.data(), buffer.size());
      output_.add(p, {{}, spill(task_.services().spillSpace(), bytes.view())}, buffer.size(), bytes.size());
      task_.metrics().spilled_bytes += static_cast<int64_t>(bytes.size());
      buffer = RecordBuffer<R>();
    }
    heap_bytes_ = 0;
    reserved_.resizeAnyway(0);
  }

  /// The output; call it once, last.
  MapOutput finish() {
    checkMemory();
    for (size_t p = 0; p < buffers_.size(); ++p) {
      const size_t n = buffers_[p].size();
      if (n == 0) continue;
      const size_t bytes = encodedBytes(buffers_[p]);
      output_.add(p, {TypedBlock::of(std::move(buffers_[p])), nullptr}, n, bytes);
    }
    output_.reserved = reserved_.detach();
    task_.countShuffled(output_);
    return std::move(output_);
  }

 private:
  static constexpr int kCheckEvery = 4096;

  [[gnu::noinline]] void checkMemory() {
    unchecked_ = 0;
    size_t bytes = heap_bytes_;
    for (const auto& buffer : buffers_) bytes += buffer.size() * sizeof(R);
    if (!reserved_.tryResize(bytes)) spillAll();
  }

  static size_t encodedBytes(const RecordBuffer<R>& buffer) {
    if constexpr (kBitwise<R>) {
      return buffer.size() * sizeof(R);
    } else {
      size_t bytes = 0;
      for (const R& record : buffer) bytes += serde::encodedBytes(record);
      return bytes;
    }
  }

  TaskContext& task_;
  Reservation reserved_;
  std::vector<RecordBuffer<R>> buffers_;
  MapOutput output_;
  size_t heap_bytes_ = 0;
  int unchecked_ = 0;
};

}  // namespace cerium
