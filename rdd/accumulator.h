// Cerium. Licensed under the Apache License 2.0.
// Accumulators: values that tasks add to and the driver reads. A task's additions count once, when it first succeeds,
// however often it is retried or copied.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "rdd/accumulator_registry.h"
#include "rdd/closure.h"
#include "rdd/task_context.h"

namespace cerium {

namespace accumulator_detail {

/// A cell with a value of type T, to which values of type In are added.
template <class T, class In>
class Cell : public AccumulatorCell {
 public:
  explicit Cell(T start) : value(std::move(start)) {}
  virtual void add(const In& more) = 0;
  T value;
};

/// A T combined by an operation (T, In) -> T. Cells of tasks are combined by (T, T) -> T.
template <class T, class In, class Op>
class OpCell final : public Cell<T, In> {
 public:
  OpCell(T zero, Op op) : Cell<T, In>(std::move(zero)), op_(std::move(op)) {}
  void add(const In& more) override { op_.add(this->value, more); }
  void encode(Writer& out) const override { encodeValue(out, this->value); }
  void merge(Reader& in) override { op_.merge(this->value, decodeValue<T>(in)); }
  void mergeCell(const AccumulatorCell& other) override {
    op_.merge(this->value, T(static_cast<const Cell<T, In>&>(other).value));
  }

 private:
  Op op_;
};

template <class T, class In, class Op>
class Factory final : public AccumulatorFactory, Parts<Carried<T>, Op> {
 public:
  Factory(T zero, Op op) : Parts<Carried<T>, Op>(Carried<T>{std::move(zero)}, std::move(op)) {}
  [[nodiscard]] std::unique_ptr<AccumulatorCell> newCell() const override {
    return std::make_unique<OpCell<T, In, Op>>(this->template part<0>().value, this->template part<1>());
  }
  [[nodiscard]] EntryId entry() const override { return Entry<EntryKind::kAccumulator, &Factory::decode>::id(); }
  void encode(Writer& out) const override { Parts<Carried<T>, Op>::encode(out); }
  static std::shared_ptr<const AccumulatorFactory> decode(Reader& in) {
    auto zero = Carried<T>::decode(in);
    return std::make_shared<const Factory>(std::move(zero.value), Op::decode(in));
  }
};

template <class F>
struct Combine : Parts<Located<F>> {
  template <class T>
  void add(T& value, const T& more) {
    value = this->template part<0>()(std::move(value), more);
  }
  template <class T>
  void merge(T& value, T&& more) {
    value = this->template part<0>()(std::move(value), std::move(more));
  }
  static Combine decode(Reader& in) { return {Combine::decodeMembers(in)}; }
};

struct Append : Parts<> {
  template <class T>
  void add(std::vector<T>& value, const T& more) {
    value.push_back(more);
  }
  template <class T>
  void merge(std::vector<T>& value, std::vector<T>&& more) {
    for (auto&& each : more) value.push_back(std::move(each));
  }
  static Append decode(Reader&) { return {}; }
};

template <class T, class In>
class Handle {
 public:
  Handle() = default;
  explicit Handle(AccumulatorId id) : id_(id) {}

  /// Adds to this task's part, also on a thread that the task has started. In the driver's own code it adds to the
  /// value itself.
  void add(const In& more) const {
    auto add_to = [&more](AccumulatorCell& cell) { static_cast<Cell<T, In>&>(cell).add(more); };
    if (TaskContext* task = TaskContext::ofOwnThread()) {
      add_to(task->accumulator(id_));
    } else {
      AccumulatorRegistry::instance().addOffTask(id_, add_to);
    }
  }
  /// The current value, in the driver. It includes all ended jobs, and may include part of running ones.
  [[nodiscard]] T value() const {
    T result{};
    AccumulatorRegistry::instance().access(
        id_, [&](AccumulatorCell& cell) { result = static_cast<Cell<T, In>&>(cell).value; });
    return result;
  }
  /// Sets the driver's value.
  void reset(T value = {}) const {
    AccumulatorRegistry::instance().access(
        id_, [&](AccumulatorCell& cell) { static_cast<Cell<T, In>&>(cell).value = std::move(value); });
  }
  /// The number of the accumulator, as events and pages name it.
  [[nodiscard]] int64_t id() const { return id_.value; }

 private:
  AccumulatorId id_;
};

}  // namespace accumulator_detail

/// A light handle that lambdas capture by value.
///   auto bad = sc.longAccumulator("bad lines"); lines.foreach([bad](const auto& l) { if (l.empty()) bad += 1; });
template <class T>
class Accumulator : public accumulator_detail::Handle<T, T> {
 public:
  using accumulator_detail::Handle<T, T>::Handle;
  void operator+=(const T& more) const { this->add(more); }
};

/// Collects values in a vector, in no particular order.
template <class T>
class CollectionAccumulator : public accumulator_detail::Handle<std::vector<T>, T> {
 public:
  using accumulator_detail::Handle<std::vector<T>, T>::Handle;
  void operator+=(const T& more) const { this->add(more); }
};

}  // namespace cerium
