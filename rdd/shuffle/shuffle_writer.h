// Cerium. Licensed under the Apache License 2.0.
// The map side of a shuffle: records go to their reduce partition's buffer, and to disk when memory is short.
#pragma once

#include <utility>
#include <vector>

#include "base/serde/record_hash.h"
#include "base/util/clocks.h"
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
        hashes_(static_cast<size_t>(partitions)),
        output_(partitions) {}

  [[nodiscard]] size_t partitions() const { return buffers_.size(); }

  template <class X>
  void add(int partition, X&& record) {
    if constexpr (!kBitwise<R>) {
      const size_t heap = serde::heapBytes<R>(record);
      heap_bytes_ += heap;
      unchecked_ += heap;
    }
    auto& buffer = buffers_[static_cast<size_t>(partition)];
    buffer.emplace_back(std::forward<X>(record));
    if (buffer.size() == kSegmentRecords) [[unlikely]]
      seal(static_cast<size_t>(partition));
    unchecked_ += sizeof(R);
    if (unchecked_ >= kCheckEvery) [[unlikely]]
      checkMemory();
  }

  /// Makes room for `n` more records of a partition.
  void reserve(int partition, size_t n) {
    auto& buffer = buffers_[static_cast<size_t>(partition)];
    buffer.reserve(buffer.size() + n);
  }

  /// Writes all records in memory to disk.
  void spillAll() {
    for (size_t p = 0; p < buffers_.size(); ++p) {
      seal(p);
      for (ShuffleSegment& segment : output_.partitions[p]) {
        if (segment.spilled) continue;
        task_.checkInterrupted();
        const Bytes bytes = segment.block.encoded();
        segment = {{}, spill(task_.services().spillSpace(), bytes.view())};
        task_.metrics().spilled_bytes += static_cast<int64_t>(bytes.size());
      }
    }
    heap_bytes_ = sealed_bytes_ = 0;
    reserved_.resizeAnyway(0);
  }

  /// Returns the output. Call it once, last.
  MapOutput finish() {
    const int64_t begin = monotonicMicros();
    checkMemory();
    for (size_t p = 0; p < buffers_.size(); ++p) {
      task_.checkInterrupted();
      seal(p);
    }
    output_.checksum = serde::recordsHash(0, hashes_.data(), hashes_.size());
    output_.reserved = reserved_.detach();
    task_.countShuffled(output_);
    task_.metrics().shuffle_write_micros += monotonicMicros() - begin;
    return std::move(output_);
  }

 private:
  static constexpr size_t kCheckEvery = size_t{128} << 10;  // bytes added between two checks of the budget

  // Two megabytes, which a doubling buffer fills exactly: a larger one would be copied once more.
  static constexpr size_t kSegmentRecords = (sizeof(R) > 256 ? 1 : 256 / sizeof(R)) << 13;

  [[gnu::noinline]] void checkMemory() {
    unchecked_ = 0;
    size_t bytes = heap_bytes_ + sealed_bytes_;
    for (const auto& buffer : buffers_) bytes += buffer.size() * sizeof(R);
    if (reserved_.isAskedToShrink() || !reserved_.tryResize(bytes)) spillAll();
  }

  /// Turns the records of a buffer into a segment.
  [[gnu::noinline]] void seal(size_t p) {
    RecordBuffer<R>& buffer = buffers_[p];
    const size_t n = buffer.size();
    if (n == 0) return;
    hashes_[p] = serde::recordsHash(hashes_[p], buffer.data(), n);
    const PartSize size{static_cast<int64_t>(encodedBytes(buffer)), static_cast<int64_t>(n)};
    sealed_bytes_ += n * sizeof(R);
    output_.add(p, {TypedBlock::of(std::exchange(buffer, RecordBuffer<R>())), nullptr}, size);
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
  std::vector<uint64_t> hashes_;  ///< The hash of the records so far, by partition.
  MapOutput output_;
  size_t heap_bytes_ = 0;
  size_t sealed_bytes_ = 0;  ///< Bytes of segments in memory, without the heap of their records.
  size_t unchecked_ = 0;
};

}  // namespace cerium
