// Cerium. Licensed under the Apache License 2.0.
#include "rdd/storage_level.h"

#include <array>

namespace cerium {
namespace {

struct Traits {
  const char* name;
  bool memory;
  bool disk;
  bool encoded;
  int replicas;
};

constexpr std::array<Traits, 11> kTraits = {{
    {"NONE", false, false, false, 1},
    {"MEMORY_ONLY", true, false, false, 1},
    {"MEMORY_ONLY_2", true, false, false, 2},
    {"MEMORY_ONLY_SER", true, false, true, 1},
    {"MEMORY_ONLY_SER_2", true, false, true, 2},
    {"MEMORY_AND_DISK", true, true, false, 1},
    {"MEMORY_AND_DISK_2", true, true, false, 2},
    {"MEMORY_AND_DISK_SER", true, true, true, 1},
    {"MEMORY_AND_DISK_SER_2", true, true, true, 2},
    {"DISK_ONLY", false, true, true, 1},
    {"DISK_ONLY_2", false, true, true, 2},
}};

const Traits& traits(StorageLevel level) { return kTraits.at(static_cast<size_t>(level)); }

}  // namespace

bool usesMemory(StorageLevel level) { return traits(level).memory; }
bool usesDisk(StorageLevel level) { return traits(level).disk; }
bool keepsEncoded(StorageLevel level) { return traits(level).encoded; }
int replicas(StorageLevel level) { return traits(level).replicas; }
std::string toString(StorageLevel level) { return traits(level).name; }

}  // namespace cerium
