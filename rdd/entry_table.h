// Cerium. Licensed under the Apache License 2.0.
// Names code on the wire as (module, offset), because driver and executors run the same binary. Only functions that
// registered at start-up have names: a wrong number is refused, never jumped to.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace cerium {

/// The kind of a function. An entry of one kind cannot be called as another.
enum class EntryKind : uint8_t { kNode, kTask, kAccumulator };

/// A function of this binary, as it travels.
struct EntryId {
  uint64_t module = 0;  ///< Hash of the build-id of the module that holds it.
  uint64_t offset = 0;  ///< From the module's load address.
  friend auto operator<=>(const EntryId&, const EntryId&) = default;
};

/// Registers a function for the life of the process. One static object of this type for each entry.
class EntryRegistration {
 public:
  EntryRegistration(EntryKind kind, void* function);

  [[nodiscard]] EntryId id() const;

 private:
  friend class EntryTable;
  EntryKind kind_;
  void* function_;
  const EntryRegistration* next_;
};

/// The entry of `Fn`; instantiating it registers the function.
template <EntryKind Kind, auto Fn>
struct Entry {
  static inline const EntryRegistration registration{Kind, reinterpret_cast<void*>(Fn)};
  static EntryId id() { return registration.id(); }
};

/// The function that `id` names. Throws CorruptData for anything that is not a registered entry of `kind`.
[[nodiscard]] void* resolveEntry(EntryKind kind, EntryId id);

/// Encodes and decodes a plain function pointer. Decoding checks with the module's unwind table that a function begins
/// at that place; if not, it throws CorruptData.
[[nodiscard]] EntryId encodeFunctionPointer(const void* function);
[[nodiscard]] void* decodeFunctionPointer(EntryId id);

/// The build-id of the running program in hex, or the hash of its text if it was linked without one.
[[nodiscard]] const std::string& buildId();

}  // namespace cerium
