// Cerium. Licensed under the Apache License 2.0.
// Which port takes which kind of message, from a peer that has just shown that it knows the secret. A kind without a
// row here does not compile where the table is used.
#pragma once

#include <string>

#include "base/protocol/cluster_messages.h"
#include "base/protocol/messages.h"

namespace cerium::testing {

/// Bits: a row names several.
enum Port : unsigned {
  kNowhere = 0,
  kManagerPort = 1,  ///< 7077; cluster's secret.
  kWorkerPort = 2,   ///< Takes nothing; cluster's secret.
  kDriverPort = 4,   ///< Where executors register; application's secret, as the next three.
  kDriverBlocks = 8,
  kDriverProgram = 16,
  kExecutorBlocks = 32,
  kSubmitterPort = 64,  ///< Of `cerium submit --deploy-mode cluster`; driver's secret.
};

/// Ports that take a message of this kind whatever is in it and go on to listen. Those that take only what makes sense
/// (a registration) close the connection on what makes none, and are not named.
template <class Message>
struct TakenAt;  // no row for this kind of message: say which ports take it

#define CERIUM_TAKEN_AT(kind, where)            \
  template <>                                   \
  struct TakenAt<cerium::protocol::kind> {      \
    static constexpr unsigned kPorts = where;   \
    static constexpr const char* kName = #kind; \
  };

// messages.h, executor -> driver: only from an executor that has introduced itself with a good Hello
CERIUM_TAKEN_AT(Hello, kNowhere)
CERIUM_TAKEN_AT(TasksEnded, kNowhere)
CERIUM_TAKEN_AT(Heartbeat, kNowhere)
CERIUM_TAKEN_AT(BlocksChanged, kNowhere)
CERIUM_TAKEN_AT(BroadcastQuery, kNowhere)
CERIUM_TAKEN_AT(BroadcastHeld, kNowhere)
CERIUM_TAKEN_AT(BarrierEnter, kNowhere)
CERIUM_TAKEN_AT(ShuffleAdopted, kNowhere)
CERIUM_TAKEN_AT(Retired, kNowhere)
// messages.h, driver -> executor: on connections that the executor itself has opened
CERIUM_TAKEN_AT(Welcome, kNowhere)
CERIUM_TAKEN_AT(LaunchTasks, kNowhere)
CERIUM_TAKEN_AT(KillTask, kNowhere)
CERIUM_TAKEN_AT(DropStages, kNowhere)
CERIUM_TAKEN_AT(DropShuffle, kNowhere)
CERIUM_TAKEN_AT(ReplaceMapOutput, kNowhere)
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
// cluster_messages.h, to the manager: as a worker or a driver only after a good registration
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
// cluster_messages.h, from the manager: on connections that others have opened to it
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
// cluster_messages.h, programs and what they print
CERIUM_TAKEN_AT(FetchFile, kDriverProgram | kSubmitterPort)
CERIUM_TAKEN_AT(FilePiece, kNowhere)
CERIUM_TAKEN_AT(DriverOutput, kSubmitterPort)

#undef CERIUM_TAKEN_AT

}  // namespace cerium::testing
