// Cerium. Licensed under the Apache License 2.0.
// Feeds a scheduler with the inputs of a recorded run (driver/replay/input_log.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "driver/replay/lineage_description.h"
#include "driver/scheduler/scheduler.h"

namespace cerium::replay {

/// Threads: externally synchronised.
class Replay {
 public:
  /// `log` is the whole file, and must outlive the Replay. Throws CorruptData where it is no log, and Error where
  /// another version of Cerium wrote it.
  Replay(std::string_view log, const std::string& version);
  ~Replay();

  /// Gives the scheduler the next input; false at the end of the log. Throws CorruptData where the log is damaged or
  /// ends in the middle of a block, and Error where the input before gave other instructions than were recorded.
  /// What the scheduler throws passes through. Do not call it again after it threw.
  bool step();

  [[nodiscard]] const Scheduler& scheduler() const { return *scheduler_; }
  /// What the last input gave.
  [[nodiscard]] const out::Instructions& instructions() const { return instructions_; }
  /// How many inputs the scheduler has got.
  [[nodiscard]] int64_t inputs() const { return inputs_; }
  /// "input 17 (TasksEnded), 2.035 s after the first": the last one.
  [[nodiscard]] std::string where() const;

 private:
  void checkHead(const std::string& version);
  [[nodiscard]] bool nextBlock();
  void readRecord();
  void applyInput(in::Event event);
  void checkInstructions(uint32_t recorded) const;
  [[noreturn]] void failDamaged(const std::string& what) const;

  struct Block;
  const std::string_view log_;
  size_t at_ = 0;  ///< The next block.
  std::unique_ptr<Block> block_;
  DescribedLineage lineage_;
  std::unique_ptr<Scheduler> scheduler_;
  out::Instructions instructions_;
  bool has_instructions_ = false;  ///< Of an input whose digest is still to come.
  int64_t inputs_ = 0;
  Millis now_ = 0;
  Millis first_ = 0;
  size_t kind_ = 0;
};

}  // namespace cerium::replay
