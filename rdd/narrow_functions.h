// Cerium. Licensed under the Apache License 2.0.
// Narrow operations as functors that pass records on, composed in their type so that the compiler sees one loop. A pipe
// is called as pipe(record, emit) and calls emit(result) any number of times. `emit` is a word or two and is passed by
// value: passed by reference, it would make the compiler keep an accumulator in memory rather than in a register.
#pragma once

#include <type_traits>

#include "rdd/closure.h"
#include "rdd/record_type.h"
#include "rdd/stream.h"
#include "rdd/task_context.h"

namespace cerium::narrow {

/// Calls a user's function with a record: moved if possible, else by const reference, else as a copy if the function
/// takes a mutable reference or a value.
template <class F, class X, class... More>
decltype(auto) callRecord(F& f, X&& x, More&&... more) {
  using T = std::remove_cvref_t<X>;
  if constexpr (std::is_invocable_v<F&, X&&, More&&...>) {
    return closure::call(f, std::forward<X>(x), std::forward<More>(more)...);
  } else if constexpr (std::is_invocable_v<F&, const T&, More&&...>) {
    return closure::call(f, static_cast<const T&>(x), std::forward<More>(more)...);
  } else {
    T copy(std::forward<X>(x));
    using Own = std::conditional_t<std::is_invocable_v<F&, T&, More&&...>, T&, T&&>;
    using Result = std::invoke_result_t<F&, Own, More&&...>;
    if constexpr (std::is_reference_v<Result>) {
      return std::decay_t<Result>(closure::call(f, static_cast<Own>(copy), std::forward<More>(more)...));
    } else {
      return closure::call(f, static_cast<Own>(copy), std::forward<More>(more)...);
    }
  }
}

/// A function that takes a record of type T, by value or by any reference.
template <class F, class T, class... More>
concept RecordFunction = std::is_invocable_v<F&, T&&, More...> || std::is_invocable_v<F&, const T&, More...> ||
    std::is_invocable_v<F&, T&, More...>;

/// The record type that a function makes of a record.
template <class F, class T, class... More>
using ResultOf = RecordType<decltype(callRecord(std::declval<F&>(), std::declval<T>(), std::declval<More>()...))>;

/// `value` as a U. The types differ only for literals and entries of maps.
template <class U, class X>
decltype(auto) asRecord(X&& value) {
  if constexpr (std::is_same_v<std::remove_cvref_t<X>, U>) {
    return std::forward<X>(value);
  } else {
    return U(std::forward<X>(value));
  }
}

struct Identity {
  template <class X, class Emit>
  void operator()(X&& x, Emit emit) {
    emit(std::forward<X>(x));
  }
  void encode(Writer&) const {}
  static Identity decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

template <class First, class Second>
struct Then {
  First first;
  Second second;

  template <class X, class Emit>
  void operator()(X&& x, Emit emit) {
    first(std::forward<X>(x), [this, emit](auto&& y) { second(std::forward<decltype(y)>(y), emit); });
  }
  void encode(Writer& out) const {
    first.encode(out);
    second.encode(out);
  }
  static Then decode(Reader& in) {
    First first = First::decode(in);
    return {std::move(first), Second::decode(in)};
  }
  void visit(const ClosureVisitor& visitor) const {
    first.visit(visitor);
    second.visit(visitor);
  }
};

template <class First, class Second>
auto then(First first, Second second) {
  if constexpr (std::is_same_v<First, Identity>) {
    return second;
  } else {
    return Then<First, Second>{std::move(first), std::move(second)};
  }
}

/// The common part of the operations of one function.
template <class Op, class F>
struct OneFunction {
  Located<F> f;

  void encode(Writer& out) const { f.encode(out); }
  static Op decode(Reader& in) { return Op{{Located<F>::decode(in)}}; }
  void visit(const ClosureVisitor& visitor) const { f.visit(visitor); }
};

template <class F>
struct Map : OneFunction<Map<F>, F> {
  template <class X, class Emit>
  void operator()(X&& x, Emit emit) {
    using U = ResultOf<F, X>;
    emit(asRecord<U>(callRecord(this->f, std::forward<X>(x))));
  }
};

template <class F>
struct Filter : OneFunction<Filter<F>, F> {
  template <class X, class Emit>
  void operator()(X&& x, Emit emit) {
    if (callRecord(this->f, static_cast<const std::remove_cvref_t<X>&>(x))) emit(std::forward<X>(x));
  }
};

/// Passes on the elements of a range, each as a U. Elements of a temporary container are moved.
template <class U, class Range, class Emit>
void emitAll(Range&& range, const Emit& emit) {
  using R = std::remove_cvref_t<Range>;
  if constexpr (requires { range.has_value(); }) {
    if (range.has_value()) emit(asRecord<U>(*std::forward<Range>(range)));
  } else {
    constexpr bool kOwnsElements = !std::is_lvalue_reference_v<Range> && requires { typename R::allocator_type; };
    for (auto&& element : range) {
      if constexpr (std::is_same_v<R, std::vector<bool>>) {
        emit(static_cast<bool>(element));
      } else if constexpr (kOwnsElements) {
        emit(asRecord<U>(std::move(element)));
      } else {
        emit(asRecord<U>(std::forward<decltype(element)>(element)));
      }
    }
  }
}

template <class U, class F>
struct FlatMap : OneFunction<FlatMap<U, F>, F> {
  template <class X, class Emit>
  void operator()(X&& x, Emit emit) {
    emitAll<U>(callRecord(this->f, std::forward<X>(x)), emit);
  }
};

/// The second argument of flatMap's (x, emit) form.
template <class U, class Emit>
struct Emitter {
  Emit emit;
  void operator()(U record) const { emit(std::move(record)); }
};

template <class U, class F>
struct FlatMapEmit : OneFunction<FlatMapEmit<U, F>, F> {
  template <class X, class Emit>
  void operator()(X&& x, Emit emit) {
    const Emitter<U, Emit> emitter{emit};
    callRecord(this->f, std::forward<X>(x), emitter);
  }
};

/// Applies the function to the value of a pair and keeps the key.
template <class F>
struct MapValues : OneFunction<MapValues<F>, F> {
  template <class X, class Emit>
  void operator()(X&& x, Emit emit) {
    using K = std::remove_cvref_t<decltype(x.first)>;
    using U = RecordType<decltype(callRecord(this->f, std::forward<X>(x).second))>;
    U value = callRecord(this->f, std::forward<X>(x).second);
    emit(std::pair<K, U>(std::forward<X>(x).first, std::move(value)));
  }
};

template <class U, class F>
struct FlatMapValues : OneFunction<FlatMapValues<U, F>, F> {
  template <class X, class Emit>
  void operator()(X&& x, Emit emit) {
    const auto with_key = [&](auto&& value) {
      emit(std::pair<std::remove_cvref_t<decltype(x.first)>, U>(x.first, std::forward<decltype(value)>(value)));
    };
    emitAll<U>(callRecord(this->f, std::forward<X>(x).second), with_key);
  }
};

/// Runs a pipe over a stream: the single loop of a task. `S` is the type of incoming records. Each loop notices within
/// a few records that the task was told to stop (TaskContext::checkInterruptedCheaply).
template <class S, class P>
class Input {
 public:
  Input(TaskContext& task, StreamPtr<S> stream, P pipe)
      : task_(task), stream_(std::move(stream)), pipe_(std::move(pipe)) {}

  /// Calls `sink(record)` for every record that leaves the pipe.
  template <class Sink>
  void forEach(Sink sink) {
    while (nextBatch(sink)) {
    }
  }

  /// acc = step(acc, record) for every record that leaves the pipe.
  template <class Acc, class Step>
  Acc fold(Acc acc, Step step) {
    for (;;) {
      Batch<S> batch = stream_->next();
      if (batch.size == 0) return acc;
      acc = foldBatch(batch, std::move(acc), step);
    }
  }

  /// Calls `sink` until it returns false.
  template <class Sink>
  void forEachWhile(Sink sink) {
    bool go_on = true;
    auto guarded = [&](auto&& record) {
      if (go_on) go_on = sink(std::forward<decltype(record)>(record));
    };
    while (go_on && fill(guarded, [&] { return !go_on; })) {
    }
  }

  /// Sends one batch of the stream through the pipe. Returns false at the end.
  template <class Sink>
  bool nextBatch(Sink sink) {
    Batch<S> batch = stream_->next();
    if (batch.size == 0) return false;
    sendBatch(batch, sink);
    return true;
  }

  /// Sends records through the pipe until `isFull()`, which is asked after each, or until the batch ends. Returns false
  /// at the end of the stream. For a sink that cannot take a whole batch's results at once, because a pipe may make
  /// many records of one.
  template <class Sink, class IsFull>
  bool fill(Sink sink, IsFull isFull) {
    if (at_ == batch_.size) {
      batch_ = stream_->next();
      at_ = 0;
      if (batch_.size == 0) return false;
    }
    while (at_ < batch_.size && !isFull()) {
      task_.checkInterrupted();
      S& record = batch_.data[at_++];
      if (batch_.owned) {
        pipe_(std::move(record), sink);
      } else {
        pipe_(static_cast<const S&>(record), sink);
      }
    }
    return true;
  }

  /// The stream itself, for an end that reads it directly. REQUIRES: no pipe.
  StreamPtr<S> takeStream() {
    static_assert(std::is_same_v<P, Identity>);
    return std::move(stream_);
  }

 private:
  /// A separate function, so that only the loop knows the accumulator's address and the compiler keeps it in registers.
  template <class Acc, class Step>
  [[gnu::noinline]] Acc foldBatch(Batch<S> batch, Acc start, Step step) {
    Acc acc = std::move(start);
    sendBatch(batch, [&acc, &step](auto&& record) {
      acc = closure::accumulate(step, std::move(acc), std::forward<decltype(record)>(record));
    });
    Acc end = std::move(acc);  // returning `acc` itself would make it the caller's memory
    return end;
  }

  template <class Sink>
  [[gnu::always_inline]] void sendBatch(Batch<S> batch, Sink sink) {
    if constexpr (std::is_trivially_copy_constructible_v<S>) {
      sendEach(batch, [&](S& record) { pipe_(static_cast<const S&>(record), sink); });
    } else if (batch.owned) {
      sendEach(batch, [&](S& record) { pipe_(std::move(record), sink); });
    } else {
      sendEach(batch, [&](S& record) { pipe_(static_cast<const S&>(record), sink); });
    }
  }

  template <class Send>
  [[gnu::always_inline]] void sendEach(Batch<S> batch, Send send) {
    constexpr size_t kStrip = 16;  // records between checks, for a loop without checks
    for (size_t i = 0; i < batch.size;) {
      task_.checkInterrupted();
      const size_t end = batch.size - i < kStrip ? batch.size : i + kStrip;
      for (; i < end; ++i) {
        task_.checkInterruptedCheaply();
        send(batch.data[i]);
      }
    }
  }

  TaskContext& task_;
  StreamPtr<S> stream_;
  P pipe_;
  Batch<S> batch_;  // used by fill()
  size_t at_ = 0;
};

}  // namespace cerium::narrow
