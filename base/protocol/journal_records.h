// Cerium. Licensed under the Apache License 2.0.
// What a manager keeps in its journal: the last record of a worker, an application or a driver is what holds, and the
// last grant to an application. What has ended keeps its name and its end, not what it would run with.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/protocol/cluster_messages.h"

namespace cerium::protocol {

/// Of a driver in the cluster. DriverStatus has it as text, WAITING and so on.
enum class DriverState : uint8_t {
  kWaiting,
  kRunning,
  kRelaunching,
  kFinished,
  kFailed,
  kKilled,
  kLost,
  kLast = kLost  // nothing behind it is read
};
enum class ApplicationState : uint8_t { kActive, kFinished, kFailed, kLast = kFailed };

struct WorkerRecord {
  RegisterWorker worker;  ///< Without what it runs: it says that itself when it comes back.
  bool gone = false;
};

struct ApplicationRecord {
  RegisterApplication application;  ///< Without its executors.
  int64_t next_executor = 0;        ///< The next id that no executor ever had.
  int64_t started_ms = 0;           ///< Since 1970, as all times here.
  ApplicationState state = ApplicationState::kActive;
  std::string reason;  ///< Why it ended.
  int64_t ended_ms = 0;
};

/// Follows its application's record at each grant: that one may have long command lines.
struct GrantRecord {
  std::string application;
  int64_t next_executor = 0;
};

struct DriverRecord {
  DriverOrder order;
  DriverState state = DriverState::kWaiting;
  std::string worker;
  std::string detail;
  int32_t exit_status = 0;
  bool started = false;  ///< Its worker said so.
  bool kill_asked = false;
  bool interrupted = false;  ///< Its user pressed Ctrl-C: what ends after that is not run again.
  int64_t submitted_ms = 0;
};

using JournalRecord = std::variant<WorkerRecord, ApplicationRecord, DriverRecord, GrantRecord>;

[[nodiscard]] Bytes encodeRecord(const JournalRecord& record);
/// Total, as decodeCluster.
[[nodiscard]] JournalRecord decodeRecord(const Bytes& bytes);

}  // namespace cerium::protocol
