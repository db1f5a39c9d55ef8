// Cerium. Licensed under the Apache License 2.0.
// Handles on results that come later or piece by piece: FutureAction of the Async actions, and LocalRecords of
// toLocalIterator.
#pragma once

#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/util/mutex.h"
#include "rdd/api/support.h"
#include "rdd/ops/partitions.h"

namespace cerium {

/// A running action. get() blocks, and throws JobFailed if the job failed or was cancelled. Threads: copies may be used
/// from several threads.
///   auto n = rdd.countAsync(); ...; std::cout << n.get();
template <class R>
class FutureAction {
 public:
  FutureAction(std::shared_ptr<JobHandle> handle, std::function<R()> finish)
      : handle_(std::move(handle)), finish_(std::move(finish)) {}

  /// The result, or the exception of the job or of making the result. The same at each call.
  R get() {
    MutexLock lock(outcome_->mutex);
    if (outcome_->thrown == nullptr && !outcome_->value) finish(*outcome_);
    if (outcome_->thrown != nullptr) std::rethrow_exception(outcome_->thrown);
    if constexpr (!std::is_void_v<R>) return *outcome_->value;
  }
  /// Blocks until the job has ended, without a look at its result.
  void wait() { handle_->wait(); }
  /// Stops the job: its tasks are told to stop, and get() throws JobFailed.
  void cancel() { handle_->cancel("FutureAction::cancel was called"); }
  /// Whether the job has ended, well or not.
  [[nodiscard]] bool isCompleted() const { return handle_->isDone(); }
  /// The ids of the jobs that it runs.
  [[nodiscard]] std::vector<int64_t> jobIds() const { return {handle_->id().value}; }

 private:
  /// Shared by the copies of the handle.
  struct Outcome {
    Mutex mutex;
    std::optional<std::conditional_t<std::is_void_v<R>, bool, R>> value CERIUM_GUARDED_BY(mutex);
    std::exception_ptr thrown CERIUM_GUARDED_BY(mutex);
  };
  void finish(Outcome& outcome) CERIUM_REQUIRES(outcome.mutex) {
    try {
      handle_->wait();
      if constexpr (std::is_void_v<R>) {
        finish_();
        outcome.value = true;
      } else {
        outcome.value = finish_();
      }
    } catch (...) {
      outcome.thrown = std::current_exception();
    }
    finish_ = nullptr;
  }

  std::shared_ptr<JobHandle> handle_;
  std::function<R()> finish_;
  std::shared_ptr<Outcome> outcome_ = std::make_shared<Outcome>();
};

namespace api {

/// The records of an RDD, read a partition at a time. Iterate once.
template <class Rdd>
class LocalRecords {
 public:
  using T = typename Rdd::value_type;
  LocalRecords(Rdd rdd, Where where) : rdd_(std::move(rdd)), where_(where) {}

  class iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using reference = const T&;
    using pointer = const T*;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    explicit iterator(LocalRecords* records) : records_(records) { records_->fetch(); }
    const T& operator*() const {
      if (atEnd()) throwNoNextRecord();
      return records_->batch_[records_->at_];
    }
    const T* operator->() const { return &**this; }
    iterator& operator++() {
      if (atEnd()) throwNoNextRecord();
      ++records_->at_;
      records_->fetch();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, const iterator& b) { return a.atEnd() == b.atEnd(); }

   private:
    [[nodiscard]] bool atEnd() const { return records_ == nullptr || records_->at_ == records_->batch_.size(); }
    LocalRecords* records_ = nullptr;
  };

  iterator begin() { return iterator(this); }
  iterator end() { return iterator(); }
  /// Spark's iterator interface.
  [[nodiscard]] bool hasNext() {
    fetch();
    return at_ < batch_.size();
  }
  T next() {
    if (!hasNext()) throwNoNextRecord();
    return std::move(batch_[at_++]);
  }

 private:
  void fetch() {
    while (at_ == batch_.size() && partition_ < rdd_.getNumPartitions()) {
      auto gather = [](PartitionRecords<T>& records) {
        RecordBuffer<T> all;
        for (const T& record : records) all.push_back(record);
        return std::vector<T>(std::make_move_iterator(all.begin()), std::make_move_iterator(all.end()));
      };
      auto parts = rdd_.runPartitions(gather, {partition_++}, where_);
      batch_ = RecordBuffer<T>();
      for (auto&& record : parts[0]) batch_.emplace_back(std::move(record));
      at_ = 0;
    }
  }

  Rdd rdd_;
  Where where_;
  int partition_ = 0;
  RecordBuffer<T> batch_;
  size_t at_ = 0;
};

}  // namespace api
}  // namespace cerium
