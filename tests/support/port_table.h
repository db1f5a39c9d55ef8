// Cerium. Licensed under the Apache License 2.0.
// Which port takes which kind of message from a peer that knows the secret. Code that uses the table does not compile
// for a kind without a row.
#pragma once

#include <string>

#include "base/protocol/cluster_messages.h"
#include "base/protocol/messages.h"

namespace cerium::testing {

/// Bits, so that a row can name several ports.
enum Port : unsigned {
  kNowhere = 0,
  kManagerPort = 1,  ///< 7077; cluster's secret.
  kWorkerPort = 2,   ///< Takes no messages; cluster's secret.
  kDriverPort = 4,   ///< Where executors register; application's secret, as for the next three.
  kDriverBlocks = 8,
  kDriverProgram = 16,
  kExecutorBlocks = 32,
  kSubmitterPort = 64,  ///< The port of `cerium submit --deploy-mode cluster`; driver's secret.
};

/// The ports that take any message of this kind and keep the connection. A port that takes only valid messages of a
/// kind (a registration) closes the connection on others and is not named.
template <class Message>
struct TakenAt;  // no row for this kind of message: say which ports take it

#define CERIUM_TAKEN_AT(kind, where)            \
  template <>                                   \
  struct TakenAt<cerium::protocol::kind> {      \
    static constexpr unsigned kPorts = where;   \
    static constexpr const char* kName = #kind; \
  };

// messages.h, executor -> driver: only after a valid Hello
CERIUM_TAKEN_AT(Hello, kNowhere)
CERIUM_TAKEN_AT(TasksEnded, kNowhere)
CERIUM_TAKEN_AT(Heartbeat, kNowhere)
CERIUM_TAKEN_AT(BlocksChanged, kNowhere)
CERIUM_TAKEN_AT(BroadcastQuery, kNowhere)
CERIUM_TAKEN_AT(BroadcastHeld, kNowhere)
CERIUM_TAKEN_AT(BarrierEnter, kNowhere)
CERIUM_TAKEN_AT(ShuffleAdopted, kNowhere)
CERIUM_TAKEN_AT(Retired, kNowhere)
// messages.h, driver -> executor: only on connections that the executor has opened
CERIUM_TAKEN_AT(Welcome, kNowhere)
CERIUM_TAKEN_AT(LaunchTasks, kNowhere)
CERIUM_TAKEN_AT(KillTask, kNowhere)
CERIUM_TAKEN_AT(DropStages, kNowhere)
CERIUM_TAKEN_AT(DropShuffle, kNowhere)
CERIUM_TAKEN_AT(DropRdd, kNowhere)
CERIUM_TAKEN_AT(DropBroadcast, kNowhere)
CERIUM_TAKEN_AT(DropResult, kNowhere)
CERIUM_TAKEN_AT(BroadcastInfo, kNowhere)
CERIUM_TAKEN_AT(BarrierRelease, kNowhere)
CERIUM_TAKEN_AT(ReplicateBlock, kNowhere)
CERIUM_TAKEN_AT(AdoptShuffle, kNowhere)
CERIUM_TAKEN_AT(Retire, kNowhere)
CERIUM_TAKEN_AT(AddedFiles, kNowhere)
CERIUM_TAKEN_AT(ExecutorLost, kNowhere)
CERIUM_TAKEN_AT(Shutdown, kNowhere)
// messages.h, blocks
CERIUM_TAKEN_AT(OpenBlocks, kDriverBlocks | kExecutorBlocks)
CERIUM_TAKEN_AT(MoreBlocks, kDriverBlocks | kExecutorBlocks)
CERIUM_TAKEN_AT(BlockPiece, kNowhere)
// cluster_messages.h, to the manager: a worker's or a driver's messages only after a valid registration
CERIUM_TAKEN_AT(RegisterWorker, kNowhere)
CERIUM_TAKEN_AT(WorkerHeartbeat, kNowhere)
CERIUM_TAKEN_AT(ExecutorStarted, kNowhere)
CERIUM_TAKEN_AT(ExecutorExited, kNowhere)
CERIUM_TAKEN_AT(DriverStarted, kNowhere)
CERIUM_TAKEN_AT(DriverExited, kNowhere)
CERIUM_TAKEN_AT(WorkerLeaving, kNowhere)
CERIUM_TAKEN_AT(RegisterApplication, kNowhere)
CERIUM_TAKEN_AT(WantExecutors, kNowhere)
CERIUM_TAKEN_AT(ReleaseExecutor, kNowhere)
CERIUM_TAKEN_AT(RetireExecutor, kNowhere)
CERIUM_TAKEN_AT(EndApplication, kNowhere)
CERIUM_TAKEN_AT(SubmitDriver, kNowhere)
CERIUM_TAKEN_AT(KillDriver, kManagerPort)
CERIUM_TAKEN_AT(InterruptDriver, kManagerPort)
CERIUM_TAKEN_AT(AskDriver, kManagerPort)
CERIUM_TAKEN_AT(DecommissionWorkers, kManagerPort)
// cluster_messages.h, from the manager: only on connections that others have opened
CERIUM_TAKEN_AT(WorkerAccepted, kNowhere)
CERIUM_TAKEN_AT(Refused, kNowhere)
CERIUM_TAKEN_AT(LaunchExecutor, kNowhere)
CERIUM_TAKEN_AT(FreeExecutor, kNowhere)
CERIUM_TAKEN_AT(EndExecutor, kNowhere)
CERIUM_TAKEN_AT(LaunchDriver, kNowhere)
CERIUM_TAKEN_AT(EndDriver, kNowhere)
CERIUM_TAKEN_AT(EndNoted, kNowhere)
CERIUM_TAKEN_AT(LeaveWhenIdle, kNowhere)
CERIUM_TAKEN_AT(ApplicationAccepted, kNowhere)
CERIUM_TAKEN_AT(ExecutorGranted, kNowhere)
CERIUM_TAKEN_AT(ExecutorRunning, kNowhere)
CERIUM_TAKEN_AT(ExecutorGone, kNowhere)
CERIUM_TAKEN_AT(ExecutorLeaving, kNowhere)
CERIUM_TAKEN_AT(ApplicationWaits, kNowhere)
CERIUM_TAKEN_AT(ApplicationRemoved, kNowhere)
CERIUM_TAKEN_AT(DriverStatus, kNowhere)
CERIUM_TAKEN_AT(Decommissioning, kNowhere)
// cluster_messages.h, programs and the output of drivers
CERIUM_TAKEN_AT(FetchFile, kDriverProgram | kSubmitterPort)
CERIUM_TAKEN_AT(FilePiece, kNowhere)
CERIUM_TAKEN_AT(DriverOutput, kSubmitterPort)

#undef CERIUM_TAKEN_AT

}  // namespace cerium::testing
