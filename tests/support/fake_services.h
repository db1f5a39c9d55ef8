// Cerium. Licensed under the Apache License 2.0.
// The services of an executor reduced to memory and disk, for tests of operators that may spill.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/util/error.h"
#include "rdd/task_context.h"

namespace cerium::testing {

/// Threads: as its members.
class FakeServices final : public TaskServices {
 public:
  explicit FakeServices(size_t budget)
      : memory_(budget), disk_(std::make_shared<SpillSpace>(std::vector<std::string>{"/tmp"})) {}

  std::unique_ptr<SegmentSource> openShuffle(TaskContext&, const ShuffleRange&) override {
    throw Error("these services have no shuffle");
  }
  std::optional<CachedBlock> findCached(RddId, int) override { return std::nullopt; }
  bool cacheBlock(RddId, int, StorageLevel, CachedBlock) override { return false; }
  void computedForCache(const RddNode&) override {}
  MemoryManager& memory() override { return memory_; }
  const std::shared_ptr<SpillSpace>& spillSpace() override { return disk_; }
  std::vector<std::string> barrier(TaskContext&, const std::string&) override {
    throw Error("these services have no barrier");
  }
  std::string addedFile(const std::string& name) override { throw Error("these services have no file " + name); }

 private:
  MemoryManager memory_;
  std::shared_ptr<SpillSpace> disk_;
};

/// A task with `budget` bytes of memory.
struct FakeTask {
  explicit FakeTask(size_t budget) : services(budget), context({}, services) {}
  FakeServices services;
  TaskContext context;
};

}  // namespace cerium::testing
