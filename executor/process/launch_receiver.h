// Cerium. Licensed under the Apache License 2.0.
// What the driver says of stages, tasks and where blocks are, carried out in its order.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/protocol/messages.h"
#include "base/util/exception_text.h"
#include "base/util/serial_thread.h"
#include "executor/blocks/block_client.h"
#include "executor/blocks/block_directory.h"
#include "executor/blocks/broadcast_cache.h"
#include "executor/executor.h"

namespace cerium {

/// A stage that cannot be decoded, as code of the program's throws there, fails its tasks. It does so on a thread of
/// its own: a stage's decoding runs the user's code, which may take its time, and heartbeats must leave meanwhile.
/// Threads: add() from any thread.
class LaunchReceiver {
 public:
  /// What it works on; outlives it.
  struct Parts {
    Executor& executor;
    BlockDirectory& places;
    BlockClient& client;
    BroadcastCache& broadcasts;
  };
  /// `report`: of tasks that cannot be launched. `on_unusable`: a message cannot be carried out, and this is why.
  LaunchReceiver(Parts parts, std::function<void(TaskReport)> report,
                 std::function<void(const std::string&)> on_unusable)
      : parts_(parts), report_(std::move(report)), on_unusable_(std::move(on_unusable)) {}

  template <class Message>
  void add(Message message) {
    thread_.run([this, shared = std::make_shared<Message>(std::move(message))] {
      if (const auto thrown = guarded([&] { carryOut(*shared); })) on_unusable_(thrown->str());
    });
  }

 private:
  void carryOut(protocol::LaunchTasks& launch);
  void carryOut(const protocol::KillTask& kill);
  void carryOut(const protocol::DropStages& drop);
  void carryOut(const protocol::DropShuffle& drop);
  void carryOut(const protocol::DropRdd& drop);
  void carryOut(const protocol::DropBroadcast& drop);
  void carryOut(const protocol::ExecutorLost& lost);
  bool isRepeated(const protocol::LaunchTasks& launch);
  void addStage(protocol::StageCode& sent);
  void reportBroken(const protocol::TaskLaunch& task);

  const Parts parts_;
  const std::function<void(TaskReport)> report_;
  const std::function<void(const std::string&)> on_unusable_;

  // Used by the thread only.
  int64_t last_task_ = -1;
  std::map<StageId, StageCodePtr> stages_;
  std::map<StageId, TaskReport> broken_stages_;  ///< Of those that could not be decoded: how their tasks end.
  SerialThread thread_{"cerium-orders"};
};

}  // namespace cerium
