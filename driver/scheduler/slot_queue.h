// Cerium. Licensed under the Apache License 2.0.
// A queue of slot indexes that keeps runs of successive ones as two numbers: ten million tasks that wait in order take
// no more than one. Private to driver/scheduler/task_set.h.
#pragma once

#include <cstddef>
#include <deque>

namespace cerium {

/// Used as a std::deque<int> is. Threads: externally synchronised.
class SlotQueue {
 public:
  void push_back(int index) {
    if (!runs_.empty() && runs_.back().end == index) {
      ++runs_.back().end;
    } else {
      runs_.push_back({index, index + 1});
    }
    ++size_;
  }
  void push_front(int index) {
    if (!runs_.empty() && runs_.front().begin == index + 1) {
      --runs_.front().begin;
    } else {
      runs_.push_front({index, index + 1});
    }
    ++size_;
  }
  void pop_front() {
    if (++runs_.front().begin == runs_.front().end) runs_.pop_front();
    --size_;
  }
  void pop_back() {
    if (--runs_.back().end == runs_.back().begin) runs_.pop_back();
    --size_;
  }
  void clear() {
    runs_.clear();
    size_ = 0;
  }
  [[nodiscard]] int front() const { return runs_.front().begin; }
  [[nodiscard]] int back() const { return runs_.back().end - 1; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_t size() const { return size_; }

  /// Whether `is_such(index)` holds for one of them.
  template <class Predicate>
  [[nodiscard]] bool containsAny(Predicate is_such) const {
    for (const Run& run : runs_) {
      for (int index = run.begin; index < run.end; ++index) {
        if (is_such(index)) return true;
      }
    }
    return false;
  }

 private:
  struct Run {
    int begin;
    int end;
  };
  std::deque<Run> runs_;  // none is empty
  size_t size_ = 0;
};

}  // namespace cerium
