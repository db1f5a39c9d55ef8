// Cerium. Licensed under the Apache License 2.0.
// Shared ownership of a value behind an untyped handle. std::make_shared would cost the compiler twenty functions for
// each record type of a program; this costs one.
#pragma once

#include <memory>
#include <utility>

namespace cerium {

/// Takes ownership of `value`; the last handle calls `destroy`. If this throws, `value` is destroyed.
[[nodiscard]] std::shared_ptr<void> ownErased(void* value, void (*destroy)(void*));

/// Moves `value` behind an untyped handle.
template <class T>
[[nodiscard]] std::shared_ptr<void> shareErased(T value) {
  return ownErased(new T(std::move(value)), [](void* owned) { delete static_cast<T*>(owned); });
}

}  // namespace cerium
