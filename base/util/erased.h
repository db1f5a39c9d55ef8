// Cerium. Licensed under the Apache License 2.0.
// Shared ownership of a value whose type only some of its users know. std::make_shared would do; for each of the many
// record types of a program it costs the compiler twenty functions, this one.
#pragma once

#include <memory>
#include <utility>

namespace cerium {

/// Owns `value`; the last handle calls `destroy`. Frees the value itself where this throws.
[[nodiscard]] std::shared_ptr<void> ownErased(void* value, void (*destroy)(void*));

/// `value`, behind an untyped handle.
template <class T>
[[nodiscard]] std::shared_ptr<void> shareErased(T value) {
  return ownErased(new T(std::move(value)), [](void* owned) { delete static_cast<T*>(owned); });
}

}  // namespace cerium
