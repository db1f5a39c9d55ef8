// Cerium. Licensed under the Apache License 2.0.
// Encodes and decodes plain structs field by field: a new field of an input of the scheduler is recorded without a
// line here. RDDs and shuffles are encoded as their ids; driver/replay/lineage_description.h describes them.
#pragma once

#include <boost/pfr/core.hpp>
#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/events/task_metrics.h"
#include "base/serde/codec.h"
#include "base/util/ids.h"
#include "driver/replay/lineage_description.h"
#include "rdd/node.h"
#include "rdd/shuffle/shuffle_sizes.h"

namespace cerium::replay {

template <class T>
inline constexpr bool kIsId = false;
template <class Tag>
inline constexpr bool kIsId<Id<Tag>> = true;

template <class T>
concept MaybeNull = requires(const T& t) {
  *t;
  static_cast<bool>(t);
  requires !std::is_arithmetic_v<T>;
};
template <class T>
concept Pair = requires(const T& t) {
  t.first;
  t.second;
};

/// Up to `Most` whole numbers in as many bytes as they need. Appending a batch of them to a Bytes at once is several
/// times faster than one by one.
template <size_t Most>
class Numbers {
 public:
  template <class T>
  void append(T value) {
    auto left = static_cast<uint64_t>(value);
    if constexpr (std::is_signed_v<T>)  // small numbers of either sign become small numbers
      left = (static_cast<uint64_t>(static_cast<int64_t>(value)) << 1) ^ (value < 0 ? ~uint64_t{0} : 0);
    for (; left >= 0x80; left >>= 7) bytes_[size_++] = static_cast<char>(left | 0x80);
    bytes_[size_++] = static_cast<char>(left);
  }
  void writeTo(Writer& out) const { out.raw(bytes_, size_); }

 private:
  char bytes_[Most * 10];
  size_t size_ = 0;
};

/// Appends fields to bytes, which must outlive it. Whole numbers take as many bytes as they need.
class FieldWriter {
 public:
  explicit FieldWriter(Bytes& out) : out_(out) {}

  template <class T>
  void put(const T& value) {
    if constexpr (std::is_same_v<T, NodePtr>) {
      put(value ? value->id().value : int64_t{-1});
    } else if constexpr (std::is_same_v<T, std::shared_ptr<ShuffleDependency>>) {
      put(value != nullptr);
      if (value) put(ParentDescription{value->parent()->id(), value->id(), value->numReduces()});
    } else if constexpr (std::is_same_v<T, CallSite>) {
      closure::encodeSite(out_, value);
    } else if constexpr (std::is_same_v<T, bool>) {
      out_.put(static_cast<uint8_t>(value));
    } else if constexpr (std::is_enum_v<T>) {
      out_.varint(static_cast<uint64_t>(value));
    } else if constexpr (std::is_floating_point_v<T>) {
      out_.put(value);
    } else if constexpr (std::is_integral_v<T>) {
      Numbers<1> number;
      number.append(value);
      number.writeTo(out_);
    } else if constexpr (std::is_same_v<T, TaskMetrics>) {  // the most frequent fields by far
      Numbers<kTaskFigures.size()> figures;
      for (const TaskFigure& figure : kTaskFigures) figures.append(value.*figure.of);
      figures.writeTo(out_);
    } else if constexpr (std::is_same_v<T, ShuffleSizes>) {  // in instructions only, which are not read back
      put(value.numMaps());
      for (int r = 0; r < value.numReduces(); ++r) put(value.ofReduce(r));
    } else if constexpr (kIsId<T>) {
      put(value.value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      out_.text(value);
    } else if constexpr (serde::Container<T>) {
      out_.varint(value.size());
      for (const auto& each : value) put(each);
    } else if constexpr (MaybeNull<T>) {
      put(static_cast<bool>(value));
      if (value) put(*value);
    } else if constexpr (Pair<T>) {
      put(value.first);
      put(value.second);
    } else if constexpr (requires { value.time_since_epoch(); }) {
      put(static_cast<int64_t>(value.time_since_epoch().count()));
    } else if constexpr (requires { value.count(); }) {
      put(static_cast<int64_t>(value.count()));
    } else if constexpr (requires { value.valueless_by_exception(); }) {
      out_.varint(value.index());
      std::visit([this](const auto& each) { put(each); }, value);
    } else if constexpr (std::is_empty_v<T>) {
    } else {
      boost::pfr::for_each_field(value, [this](const auto& field) { put(field); });
    }
  }

 private:
  Writer out_;
};

/// Reads what a FieldWriter wrote. Throws CorruptData where the bytes cannot be what was written.
class FieldReader {
 public:
  FieldReader(std::string_view bytes, DescribedLineage& lineage) : in_(bytes), lineage_(lineage) {}

  [[nodiscard]] bool atEnd() const { return in_.atEnd(); }

  /// What Writer::put appended, as it lies in memory.
  template <class T>
  T fixed() {
    return in_.get<T>();
  }
  template <class T>
  T get() {
    T value{};
    read(value);
    return value;
  }

 private:
  template <class T>
  void read(T& value) {
    if constexpr (std::is_same_v<T, NodePtr>) {
      value = lineage_.find(get<RddId>());
    } else if constexpr (std::is_same_v<T, std::shared_ptr<ShuffleDependency>>) {
      if (get<bool>()) value = lineage_.findShuffle(get<ParentDescription>());
    } else if constexpr (std::is_same_v<T, CallSite>) {
      value = closure::decodeSite(in_);
    } else if constexpr (std::is_same_v<T, bool>) {
      value = in_.get<bool>();
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(narrowed<std::underlying_type_t<T>>(in_.varint()));
    } else if constexpr (std::is_floating_point_v<T>) {
      value = in_.get<T>();
    } else if constexpr (std::is_unsigned_v<T>) {
      value = narrowed<T>(in_.varint());
    } else if constexpr (std::is_signed_v<T>) {
      const uint64_t mixed = in_.varint();
      value = narrowed<T>(static_cast<int64_t>((mixed >> 1) ^ (~(mixed & 1) + 1)));
    } else if constexpr (std::is_same_v<T, TaskMetrics>) {
      for (const TaskFigure& figure : kTaskFigures) read(value.*figure.of);
    } else if constexpr (kIsId<T>) {
      read(value.value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = std::string(in_.text());
    } else if constexpr (serde::Container<T>) {
      for (size_t n = in_.count(); n > 0; --n) value.insert(value.end(), get<typename T::value_type>());
    } else if constexpr (MaybeNull<T>) {
      readIfThere(value);
    } else if constexpr (Pair<T>) {
      read(value.first);
      read(value.second);
    } else if constexpr (std::is_empty_v<T>) {
    } else {
      boost::pfr::for_each_field(value, [this](auto& field) { read(field); });
    }
  }

  template <class T>
  void readIfThere(std::optional<T>& value) {
    if (get<bool>()) value = get<T>();
  }
  template <class T>
  void readIfThere(std::shared_ptr<const T>& value) {
    if (get<bool>()) value = std::make_shared<const T>(get<T>());
  }

  template <class T, class Wide>
  static T narrowed(Wide wide) {
    if (!std::in_range<T>(wide)) throw CorruptData("a recorded number does not fit its field");
    return static_cast<T>(wide);
  }

  Reader in_;
  DescribedLineage& lineage_;
};

}  // namespace cerium::replay
