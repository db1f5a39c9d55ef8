// Cerium. Licensed under the Apache License 2.0.
// Which executor processes there are, from their start to their end, and what an end says about the tasks that ran. A
// pure machine: the backend says what happened and carries out what tick() orders.
//
//   starting -> registered -> ended
//   Either is given up when it is silent for too long, when its connection broke, or because somebody says so; the end
//   of its process follows, or after a while it counts as out of reach.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/util/ids.h"
#include "base/util/millis.h"
#include "driver/provider/executor_provider.h"
#include "driver/scheduler/failure.h"

namespace cerium {

/// Threads: externally synchronised (the scheduler loop).
class ExecutorMonitor {
 public:
  static constexpr Millis kAfterConnection = 1'000;  ///< A dying process may still be writing its crash report.
  static constexpr Millis kAfterKill = 3'000;        ///< Whoever is to end it may be out of reach, too.
  static constexpr Millis kStoodStill = 2'000;       ///< Between two ticks, of which there are ten a second.

  struct Orders {
    std::vector<std::pair<ExecutorId, std::string>> kill;  ///< And why.
    std::vector<ExecutorId> out_of_reach;                  ///< Nobody will see their end.
  };
  /// What the end of one comes to.
  struct Loss {
    bool registered = false;
    Failure failure;             ///< Of the tasks that it had. kCrash where they are suspect.
    std::vector<TaskId> guilty;  ///< The task that crashed, where that is known.
  };

  /// `dead_after`: silence after which a registered executor is given up.
  explicit ExecutorMonitor(Millis dead_after) : dead_after_(dead_after) {}

  /// It is given up where it has not registered after `limit`.
  void starting(ExecutorId id, std::string log, Millis limit);
  void logIs(ExecutorId id, std::string log);
  void registered(ExecutorId id);
  /// How many bytes have come from it since it registered: any more of them are a sign of life, be they a heartbeat or
  /// a part of a large result before which no heartbeat gets through.
  void received(ExecutorId id, uint64_t bytes);
  void connectionBroke(ExecutorId id, const std::string& reason);
  /// Its process has ended, and its crash is being looked into.
  void endSeen(ExecutorId id);
  /// Its machine leaves: its end is not its tasks' fault.
  void leaves(ExecutorId id);
  /// False where it was given up before, or is not known.
  bool giveUp(ExecutorId id, const std::string& reason);

  [[nodiscard]] Orders tick(Millis now);
  /// Forgets it; nothing where it is not known.
  std::optional<Loss> ended(ExecutorId id, const ExecutorEnd& end);

  [[nodiscard]] bool knows(ExecutorId id) const { return all_.contains(id); }
  /// Registered, connected and not given up.
  [[nodiscard]] bool isHeard(ExecutorId id) const;
  [[nodiscard]] bool isLeaving(ExecutorId id) const;
  /// Those that have not registered yet, and may.
  [[nodiscard]] std::vector<ExecutorId> starting() const;

 private:
  struct Entry {
    std::string log;
    Millis start_limit = 0;
    bool registered = false;
    uint64_t received = 0;
    bool is_fresh = true;  ///< It gave a sign of life since the last tick.
    Millis heard = 0;
    std::string lost_connection;  ///< Why, once it broke.
    Millis lost_at = 0;           ///< The first tick after that.
    bool end_seen = false;
    std::string given_up;      ///< Why, once it was.
    Millis given_up_at = 0;    ///< The first tick after that.
    bool fell_silent = false;  ///< That is why.
    bool leaving = false;
  };

  Entry* find(ExecutorId id);
  [[nodiscard]] const Entry* find(ExecutorId id) const;
  bool giveUp(Entry& entry, const std::string& reason);
  void look(ExecutorId id, Entry& entry, Orders& orders);
  void forgive(Millis gap);

  const Millis dead_after_;
  std::map<ExecutorId, Entry> all_;
  Millis now_ = 0;  ///< Of the last tick.
};

}  // namespace cerium
