// Cerium. Licensed under the Apache License 2.0.
// Records what the scheduler is told, so that a run can be replayed without its cluster and its program
// (driver/replay/replay.h, `cerium replay FILE`).
//
// The log is a head (kHead, the library's version) and blocks: size, hash, records. The first record is the scheduler's
// options. Each other record has the digest of the instructions that the record before gave, the milliseconds since
// that record, its kind (the index in in::Event, or kLineageChanged), and its fields.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/util/bytes.h"
#include "base/util/descriptor.h"
#include "driver/replay/lineage_description.h"
#include "driver/scheduler/scheduler.h"

namespace cerium::replay {

inline constexpr std::string_view kHead = "cerium inputs of the scheduler 1\n";
inline constexpr size_t kLineageChanged = std::variant_size_v<in::Event>;
/// Of a block's size and hash.
inline constexpr size_t kBlockHeadBytes = sizeof(uint32_t) + sizeof(uint64_t);

/// A number that tells two lists of instructions apart: of their kinds, and of the tasks, executors and jobs they name.
[[nodiscard]] uint32_t digestOf(const out::Instructions& instructions);

/// Threads: externally synchronised; the scheduler loop owns it.
class InputLog {
 public:
  /// Records into a file, which it makes or empties (0600). Throws IoError where that fails.
  [[nodiscard]] static std::unique_ptr<InputLog> toFile(const std::string& path, const Scheduler::Options& options,
                                                        const std::string& version);
  /// Records into memory, at most `max_bytes`, until save() writes the file `path`. Of a longer run nothing is kept.
  [[nodiscard]] static std::unique_ptr<InputLog> inMemory(size_t max_bytes, const std::string& path,
                                                          const Scheduler::Options& options,
                                                          const std::string& version);

  /// Call it before the scheduler gets the event.
  void record(const in::Event& event, Millis now);
  /// Call it with what the event recorded last gave.
  void gave(const out::Instructions& instructions) { digest_ = digestOf(instructions); }
  /// After an internal error: completes the file. Returns a sentence that says where it is and how to replay it, or why
  /// there is none.
  [[nodiscard]] std::string save();
  /// Writes what is recorded and not in the file yet. Nothing in memory.
  void flush();

 private:
  InputLog(std::string path, size_t max_bytes) : path_(std::move(path)), max_bytes_(max_bytes) {}
  void begin(const Scheduler::Options& options, const std::string& version);
  void openFile();
  void append(const in::Event& event, Millis now);
  void endBlock();
  void head(size_t kind, Millis now);
  /// Ends the recording; the run goes on without.
  void giveUp(std::string why);

  const std::string path_;
  const size_t max_bytes_;  ///< In memory; 0 where the log goes to a file.
  Descriptor file_;
  Bytes done_;   ///< Whole blocks, in memory.
  Bytes block_;  ///< The records of the block at hand.
  LineageRecorder lineage_;
  Millis last_ = 0;
  uint32_t digest_ = 0;
  std::string given_up_;  ///< Why; empty while it records.
};

}  // namespace cerium::replay
