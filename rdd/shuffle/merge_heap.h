// Cerium. Licensed under the Apache License 2.0.
// Chooses the next of several sorted sources; the sources themselves, rows or column batches, stay with the caller.
#pragma once

#include <cstddef>
#include <vector>

namespace cerium {

/// A heap of source numbers. `Before`: (a, b) -> whether the next record of source `a` comes before that of source `b`,
/// strictly; equal records come in the order of the sources' numbers. Each step costs O(log sources) comparisons.
template <class Before>
class MergeHeap {
 public:
  explicit MergeHeap(Before before) : before_(std::move(before)) {}

  /// Sets the sources that have a next record, in ascending order.
  void start(std::vector<size_t> sources) {
    heap_ = std::move(sources);
    for (size_t i = heap_.size() / 2; i-- > 0;) siftDown(i);
  }
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  /// The source whose next record is the first of all.
  [[nodiscard]] size_t first() const { return heap_.front(); }
  /// The first source has moved to its next record.
  void moved() { siftDown(0); }
  /// The first source has no more records.
  void ended() {
    heap_.front() = heap_.back();
    heap_.pop_back();
    siftDown(0);
  }

 private:
  bool isBefore(size_t a, size_t b) { return before_(a, b) || (a < b && !before_(b, a)); }
  void siftDown(size_t place) {
    for (;;) {
      size_t first = place;
      for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < heap_.size(); ++child) {
        if (isBefore(heap_[child], heap_[first])) first = child;
      }
      if (first == place) return;
      const size_t moved = heap_[place];
      heap_[place] = heap_[first];
      heap_[first] = moved;
      place = first;
    }
  }

  Before before_;
  std::vector<size_t> heap_;
};

}  // namespace cerium
