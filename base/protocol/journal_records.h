// Cerium. Licensed under the Apache License 2.0.
// The records of a manager's journal. The last record of a worker, an application, a driver or a grant holds. The
// record of an ended driver or application keeps its name and its end, without what it would run with.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/protocol/cluster_messages.h"

namespace cerium::protocol {

/// The state of a driver in the cluster. DriverStatus has it as text: WAITING and so on.
enum class DriverState : uint8_t {
  kWaiting,
  kRunning,
  kRelaunching,
  kFinished,
  kFailed,
  kKilled,
  kLost,
  kLast = kLost  // larger values are refused when read
};
enum class ApplicationState : uint8_t { kActive, kFinished, kFailed, kKilled, kLast = kKilled };

struct WorkerRecord {
  RegisterWorker worker;  ///< Without executors and drivers: the worker lists them when it registers again.
  bool gone = false;
};

struct ApplicationRecord {
  RegisterApplication application;  ///< Without executors.
  int64_t next_executor = 0;        ///< Greater than the id of every executor so far.
  int64_t started_ms = 0;           ///< Milliseconds since 1970, as all times here.
  ApplicationState state = ApplicationState::kActive;
  std::string reason;  ///< Why the application ended.
  int64_t ended_ms = 0;
};

/// Written at each grant instead of the whole ApplicationRecord, which may hold long command lines.
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
  bool started = false;  ///< Its worker has reported the start.
  bool kill_asked = false;
  bool interrupted = false;  ///< Its user pressed Ctrl-C: it is not run again when it ends.
  int64_t submitted_ms = 0;
};

using JournalRecord = std::variant<WorkerRecord, ApplicationRecord, DriverRecord, GrantRecord>;

[[nodiscard]] Bytes encodeRecord(const JournalRecord& record);
/// Throws CorruptData as decodeCluster does.
[[nodiscard]] JournalRecord decodeRecord(const Bytes& bytes);

}  // namespace cerium::protocol
