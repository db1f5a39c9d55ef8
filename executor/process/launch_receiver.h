// Cerium. Licensed under the Apache License 2.0.
// Carries out the driver's messages about stages, tasks and places of blocks, in their order.
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

/// A stage that cannot be decoded, because the program's code throws there, fails its tasks. Decoding runs user code,
/// which may take long, so it happens on a thread of its own; heartbeats continue meanwhile. Threads: add() from any
/// thread.
class LaunchReceiver {
 public:
  /// The objects that it works on; they outlive it.
  struct Parts {
    Executor& executor;
    BlockDirectory& places;
    BlockClient& client;
    BroadcastCache& broadcasts;
  };
  /// `report` gets the tasks that cannot be launched. `on_unusable` gets the reason if a message cannot be carried out.
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
  std::map<StageId, TaskReport> broken_stages_;  ///< For stages that could not be decoded: the report of their tasks.
  SerialThread thread_{"cerium-orders"};
};

}  // namespace cerium
