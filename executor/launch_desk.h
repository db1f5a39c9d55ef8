// Cerium. Licensed under the Apache License 2.0.
// What the driver says of stages, tasks and where blocks are, carried out in its order.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/protocol/messages.h"
#include "base/util/serial_thread.h"
#include "executor/block_client.h"
#include "executor/block_directory.h"
#include "executor/broadcast_cache.h"
#include "executor/executor.h"

namespace cerium {

/// Does so on a thread of its own: a stage's decoding runs the user's code, which may take its time, and heartbeats
/// must leave meanwhile. Threads: add() from any thread.
class LaunchDesk {
 public:
  /// What it works on; outlives it.
  struct Parts {
    Executor& executor;
    BlockDirectory& places;
    BlockClient& client;
    BroadcastCache& broadcasts;
  };
  /// `report`: of tasks that cannot be launched. `on_unusable`: a message cannot be carried out, and this is why.
  LaunchDesk(Parts parts, std::function<void(TaskReport)> report, std::function<void(const std::string&)> on_unusable)
      : parts_(parts), report_(std::move(report)), on_unusable_(std::move(on_unusable)) {}

  template <class Message>
  void add(Message message) {
    thread_.run([this, shared = std::make_shared<Message>(std::move(message))] {
      try {
        carryOut(*shared);
      } catch (const std::exception& e) {
        on_unusable_(e.what());
      }
    });
  }

 private:
  void carryOut(protocol::LaunchTasks& launch);
  void carryOut(const protocol::KillTask& kill);
  void carryOut(const protocol::DropStages& drop);
  void carryOut(const protocol::DropShuffle& drop);
  void carryOut(const protocol::ReplaceMapOutput& replace);
  void carryOut(const protocol::DropRdd& drop);
  void carryOut(const protocol::DropBroadcast& drop);
  void carryOut(const protocol::ExecutorLost& lost);
  void addStage(protocol::StageCode& sent);
  void reportBroken(const protocol::TaskLaunch& task, const std::string& why);

  const Parts parts_;
  const std::function<void(TaskReport)> report_;
  const std::function<void(const std::string&)> on_unusable_;

  // Used by the thread only.
  std::map<StageId, StageCodePtr> stages_;
  std::map<StageId, std::string> broken_stages_;  ///< Those of them that could not be decoded, and why.
  SerialThread thread_{"cerium-orders"};
};

}  // namespace cerium
