// Cerium. Licensed under the Apache License 2.0.
// Ids with types of their own: a function that takes a stage and a task cannot be called with the two swapped.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace cerium {

/// An integer that names one kind of thing. -1 means none.
template <class Tag>
struct Id {
  int64_t value = -1;

  constexpr Id() = default;
  constexpr explicit Id(int64_t v) : value(v) {}
  auto operator<=>(const Id&) const = default;
  [[nodiscard]] bool valid() const { return value >= 0; }
  [[nodiscard]] std::string str() const { return std::to_string(value); }
};

using RddId = Id<struct RddTag>;
using ShuffleId = Id<struct ShuffleTag>;
using JobId = Id<struct JobTag>;
using StageId = Id<struct StageTag>;
using TaskId = Id<struct TaskTag>;  ///< One attempt of one task; unique within an application.
using ExecutorId = Id<struct ExecutorTag>;
using BroadcastId = Id<struct BroadcastTag>;
using AccumulatorId = Id<struct AccumulatorTag>;
// A Context of the driver process. An executor serves one context, without an id.
using ContextId = Id<struct ContextTag>;

}  // namespace cerium

template <class Tag>
struct std::hash<cerium::Id<Tag>> {
  size_t operator()(const cerium::Id<Tag>& id) const noexcept { return std::hash<int64_t>()(id.value); }
};
