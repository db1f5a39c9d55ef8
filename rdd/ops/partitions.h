// Cerium. Licensed under the Apache License 2.0.
// Operations on whole partitions: the user's function gets the records as an iterable and returns any range.
#pragma once

#include <iterator>

#include "rdd/narrow_functions.h"
#include "rdd/ops/fill_stream.h"

namespace cerium {

/// Throws the error of a program that reads past the last record.
[[noreturn]] void throwNoNextRecord();

/// The records of one partition, read once from front to back and not held in memory. A light handle.
template <class T>
class PartitionRecords {
  struct Source;

 public:
  using value_type = T;

  class iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using reference = const T&;
    using pointer = const T*;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    const T& operator*() const {
      if (atEnd()) [[unlikely]]
        throwNoNextRecord();
      return source_->batch.data[source_->at];
    }
    const T* operator->() const { return &**this; }
    iterator& operator++() {
      if (source_ == nullptr) [[unlikely]]
        throwNoNextRecord();
      source_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, const iterator& b) { return a.atEnd() == b.atEnd(); }

   private:
    friend class PartitionRecords;
    explicit iterator(Source* source) : source_(source) {}
    [[nodiscard]] bool atEnd() const { return source_ == nullptr || source_->batch.size == 0; }
    Source* source_ = nullptr;
  };
  using const_iterator = iterator;

  explicit PartitionRecords(StreamPtr<T> stream) : source_(std::make_shared<Source>(std::move(stream))) {}
  iterator begin() const {
    source_->start();
    return iterator(source_.get());
  }
  iterator end() const { return iterator(); }
  /// Spark's iterator interface. next() throws InvalidArgument at the end.
  [[nodiscard]] bool hasNext() const { return begin() != end(); }
  T next() const {
    T record = *begin();
    source_->advance();
    return record;
  }

 private:
  struct Source {
    explicit Source(StreamPtr<T> s) : stream(std::move(s)), task(TaskContext::ofOwnThread()) {}
    void start() {
      if (started) return;
      started = true;
      batch = stream->next();
    }
    void advance() {
      if (task != nullptr) task->checkInterruptedCheaply();
      if (++at < batch.size) return;
      if (batch.size == 0) throwNoNextRecord();
      batch = stream->next();
      at = 0;
    }
    StreamPtr<T> stream;
    const TaskContext* task;
    Batch<T> batch;
    size_t at = 0;
    bool started = false;
  };
  std::shared_ptr<Source> source_;
};

template <class T>
PartitionRecords(StreamPtr<T>) -> PartitionRecords<T>;

namespace ops {

/// The records of the range that `make(inputs)` returns, each made when it is read. `inputs` lives as long as the
/// stream, because the range may read from it.
template <class U, class Inputs, class Make>
StreamPtr<U> streamRange(TaskContext& task, Inputs inputs, Make make) {
  using Made = decltype(make(inputs));
  static_assert(std::is_nothrow_destructible_v<Made>,
                "cerium: mapPartitions: the destructor of the range that the function returns may throw, which would "
                "end the process; make it noexcept");
  struct State {
    Inputs inputs;
    Made range;
    decltype(std::begin(std::declval<Made&>())) at;
    decltype(std::end(std::declval<Made&>())) end;

    State(Inputs read, Make& make_range)
        : inputs(std::move(read)), range(make_range(inputs)), at(std::begin(range)), end(std::end(range)) {}
  };
  return fillStream<U>([&task, state = std::make_shared<State>(std::move(inputs), make)](RecordBuffer<U>& out) {
    for (size_t n = kBatchRecords<U>; n > 0 && !(state->at == state->end); --n, ++state->at) {
      task.checkInterruptedCheaply();
      if constexpr (std::is_lvalue_reference_v<decltype(*state->at)> &&
                    !std::is_const_v<std::remove_reference_t<decltype(*state->at)>> && !std::is_reference_v<Made>) {
        out.emplace_back(std::move(*state->at));
      } else {
        out.emplace_back(*state->at);
      }
    }
    return !(state->at == state->end);
  });
}

/// `WithIndex`: the function takes (int, records). `Barrier`: all tasks of the stage run at the same time.
template <class T, class U, class F, bool WithIndex, bool Barrier = false>
struct MapPartitions : Parts<Located<F>> {
  static constexpr bool kBarrier = Barrier;

  StreamPtr<U> compute(TaskContext& task, const RddNode& node, int p) const {
    std::pair inputs(PartitionRecords<T>(typedParent<T>(node, 0).open(task, p)), this->template part<0>());
    return streamRange<U>(task, std::move(inputs),
                          [p](auto& read) -> decltype(auto) { return callOn(read.second, p, read.first); });
  }
  static MapPartitions decode(Reader& in) { return {MapPartitions::decodeMembers(in)}; }

  static decltype(auto) callOn(Located<F>& f, [[maybe_unused]] int index, PartitionRecords<T>& records) {
    if constexpr (WithIndex) {
      return f(index, records);
    } else {
      return f(records);
    }
  }
};

/// The record type of a range's elements.
template <class Range>
using ElementOf = RecordType<decltype(*std::begin(std::declval<Range&>()))>;

/// Calls one function with partition p of both parents.
template <class T, class U, class R, class F>
struct ZipPartitions : Parts<Located<F>> {
  StreamPtr<R> compute(TaskContext& task, const RddNode& node, int p) const {
    std::tuple inputs(PartitionRecords<T>(typedParent<T>(node, 0).open(task, p)),
                      PartitionRecords<U>(typedParent<U>(node, 1).open(task, p)), this->template part<0>());
    return streamRange<R>(task, std::move(inputs), [](auto& read) -> decltype(auto) {
      return std::get<2>(read)(std::get<0>(read), std::get<1>(read));
    });
  }
  static ZipPartitions decode(Reader& in) { return {ZipPartitions::decodeMembers(in)}; }
};

}  // namespace ops
}  // namespace cerium
