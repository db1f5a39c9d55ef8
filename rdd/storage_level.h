// Cerium. Licensed under the Apache License 2.0.
// Storage levels: where a persisted RDD may be stored.
#pragma once

#include <cstdint>
#include <string>

namespace cerium {

/// Spark's storage levels. `_SER` stores encoded bytes (smaller, slower to read); `_2` stores a copy on a second
/// executor.
enum class StorageLevel : uint8_t {
  NONE,
  MEMORY_ONLY,
  MEMORY_ONLY_2,
  MEMORY_ONLY_SER,
  MEMORY_ONLY_SER_2,
  MEMORY_AND_DISK,
  MEMORY_AND_DISK_2,
  MEMORY_AND_DISK_SER,
  MEMORY_AND_DISK_SER_2,
  DISK_ONLY,
  DISK_ONLY_2,
};

inline constexpr StorageLevel NONE = StorageLevel::NONE;
inline constexpr StorageLevel MEMORY_ONLY = StorageLevel::MEMORY_ONLY;
inline constexpr StorageLevel MEMORY_ONLY_2 = StorageLevel::MEMORY_ONLY_2;
inline constexpr StorageLevel MEMORY_ONLY_SER = StorageLevel::MEMORY_ONLY_SER;
inline constexpr StorageLevel MEMORY_ONLY_SER_2 = StorageLevel::MEMORY_ONLY_SER_2;
inline constexpr StorageLevel MEMORY_AND_DISK = StorageLevel::MEMORY_AND_DISK;
inline constexpr StorageLevel MEMORY_AND_DISK_2 = StorageLevel::MEMORY_AND_DISK_2;
inline constexpr StorageLevel MEMORY_AND_DISK_SER = StorageLevel::MEMORY_AND_DISK_SER;
inline constexpr StorageLevel MEMORY_AND_DISK_SER_2 = StorageLevel::MEMORY_AND_DISK_SER_2;
inline constexpr StorageLevel DISK_ONLY = StorageLevel::DISK_ONLY;
inline constexpr StorageLevel DISK_ONLY_2 = StorageLevel::DISK_ONLY_2;

[[nodiscard]] bool usesMemory(StorageLevel level);
[[nodiscard]] bool usesDisk(StorageLevel level);
[[nodiscard]] bool keepsEncoded(StorageLevel level);
[[nodiscard]] int replicas(StorageLevel level);
/// "MEMORY_AND_DISK_SER_2".
[[nodiscard]] std::string toString(StorageLevel level);

}  // namespace cerium
