// Cerium. Licensed under the Apache License 2.0.
// Executors on their way out without loss. One whose machine leaves ends its tasks, has its map outputs and cached
// blocks moved to others, waits for the tasks that still read from it, and goes. One that is idle is retired: it gives
// its cores and memory back and goes on serving its map outputs. A pure machine: the scheduler loop says what happened
// and asks what to do.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/util/ids.h"
#include "base/util/millis.h"

namespace cerium {

/// Threads: externally synchronised.
class DecommissionTracker {
 public:
  /// How long its blocks may take to move and be read; then it goes, and lineage makes up for what is lost.
  static constexpr Millis kMoveLimit = 60'000;

  /// What the task scheduler has under way. Task ids only grow.
  struct Work {
    std::set<ExecutorId> busy = {};  ///< Those on their way out that run tasks.
    TaskId oldest = {};              ///< Of all tasks that run; the same as `next` where none does.
    TaskId next = {};                ///< Of the next task to be launched.
    bool room_is_coming = false;     ///< Nobody can take blocks yet; executors that are starting will.
  };
  /// What is to be done for one executor.
  struct MoveBlocks {
    ExecutorId executor;
  };
  struct Retire {
    ExecutorId executor;
  };
  struct LetGo {
    ExecutorId executor;
    std::string reason;
  };
  struct Orders {
    std::vector<MoveBlocks> move;
    std::vector<Retire> retire;
    std::vector<LetGo> let_go;
  };

  /// Its machine leaves. False where that is known already.
  bool leave(ExecutorId executor, const std::string& reason, Millis now);
  /// It has nothing to do. False where it is on its way out already.
  bool retire(ExecutorId executor, Millis now);
  /// What it was to take from others goes to those that are left.
  void lost(ExecutorId executor);
  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] bool contains(ExecutorId executor) const { return all_.contains(executor); }
  /// Retired, and to stay.
  [[nodiscard]] bool isRetired(ExecutorId executor) const;

  using Outputs = std::map<std::pair<ShuffleId, int>, ExecutorId>;
  using Blocks = std::map<std::pair<RddId, int>, ExecutorId>;

  /// What MoveBlocks came to: which executor was told to take which output and which block.
  void moving(ExecutorId executor, Outputs outputs, Blocks blocks);
  void outputMoved(ExecutorId executor, ShuffleId shuffle, int map);
  /// The holder has a copy of the block.
  void blockCopied(RddId rdd, int partition, ExecutorId holder);
  /// It has none (any more), so that nobody waits for it to take one.
  void blockMissing(RddId rdd, int partition, ExecutorId holder);

  [[nodiscard]] Orders tick(const Work& work, Millis now);

 private:
  enum class Phase { kTasks, kBlocks, kReaders, kDone };
  struct Departure {
    Phase phase = Phase::kTasks;
    bool retires = false;
    std::string reason;
    Millis since = 0;
    Outputs outputs;
    Blocks blocks;
    bool is_read = false;  ///< It held something that tasks may read.
    TaskId readers;        ///< Tasks before this one may have been told to read from it.
  };
  std::map<ExecutorId, Departure> all_;
};

}  // namespace cerium
