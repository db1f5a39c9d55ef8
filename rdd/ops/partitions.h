// Cerium. Licensed under the Apache License 2.0.
// Operations on whole partitions: the user's function gets an iterable of the records and gives back any range.
#pragma once

#include <iterator>

#include "rdd/narrow_functions.h"
#include "rdd/ops/fill_stream.h"

namespace cerium {

/// Thrown where a program reads past the last record.
[[noreturn]] void throwNoNextRecord();

/// The records of one partition, to be read once from front to back; nothing is held in memory. A light handle.
template <class T>
class PartitionRecords {
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
    explicit iterator(typename PartitionRecords::Source* source) : source_(source) {}
    [[nodiscard]] bool atEnd() const { return source_ == nullptr || source_->batch.size == 0; }
    typename PartitionRecords::Source* source_ = nullptr;
  };
  using const_iterator = iterator;

  explicit PartitionRecords(StreamPtr<T> stream) : source_(std::make_shared<Source>(std::move(stream))) {}
  iterator begin() const {
    source_->start();
    return iterator(source_.get());
  }
  iterator end() const { return iterator(); }
  /// Spark's way to read them. next() throws InvalidArgument where there is none.
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

/// The records of the range that `make(inputs)` returns, each made when it is asked for. `inputs`, which the range may
/// read from, lives as long.
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

/// What a range holds.
template <class Range>
using ElementOf = RecordType<decltype(*std::begin(std::declval<Range&>()))>;

/// Partition p of both parents through one function.
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
