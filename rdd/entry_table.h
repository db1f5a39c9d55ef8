// Cerium. Licensed under the Apache License 2.0.
// How code is named on the wire: driver and executors run the same binary, so a function is (module, offset).
// Only functions that registered themselves at start-up can be named: a wrong number is refused, never jumped to.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace cerium {

/// What an entry decodes; an entry of one kind cannot be called as another.
enum class EntryKind : uint8_t { kNode, kTask, kAccumulator };

/// A function of this binary, as it travels.
struct EntryId {
  uint64_t module = 0;  ///< Hash of the build-id of the module that holds it.
  uint64_t offset = 0;  ///< From the module's load address.
  friend auto operator<=>(const EntryId&, const EntryId&) = default;
};

/// Puts a function into the table for the life of the process. One static object of this type per entry.
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

/// A plain function pointer as it travels, and back. Decoding checks that a function of that module begins there
/// (by the module's unwind table); anything else is CorruptData.
[[nodiscard]] EntryId encodeFunctionPointer(const void* function);
[[nodiscard]] void* decodeFunctionPointer(EntryId id);

/// The build-id of the running program in hex (the hash of its text where it was linked without one).
[[nodiscard]] const std::string& buildId();

}  // namespace cerium
