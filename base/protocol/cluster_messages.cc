// Cerium. Licensed under the Apache License 2.0.
#include "base/protocol/cluster_messages.h"

#include "base/protocol/archive.h"
#include "base/protocol/journal_records.h"

namespace cerium::protocol {

CERIUM_FIELDS(ServedFile, m.hash, m.bytes, m.path, m.host, m.port)
CERIUM_FIELDS(Program, m.file, m.arguments)
CERIUM_FIELDS(ExitInfo, m.exit_status, m.signal, m.reason, m.crash_record, m.log, m.log_end)
CERIUM_FIELDS(ExecutorOnWorker, m.application, m.executor, m.cores, m.memory)
CERIUM_FIELDS(DriverOrder, m.driver, m.name, m.program, m.files, m.environment, m.cores, m.memory, m.supervise)
CERIUM_FIELDS(RegisterWorker, m.worker, m.host, m.port, m.web_port, m.cores, m.memory, m.pid, m.executors, m.drivers,
              m.leaving)
CERIUM_FIELDS(WorkerHeartbeat, m.memory_used)
CERIUM_FIELDS(ExecutorStarted, m.application, m.executor, m.log)
CERIUM_FIELDS(ExecutorExited, m.application, m.executor, m.how)
CERIUM_FIELDS(DriverStarted, m.driver)
CERIUM_FIELDS(DriverExited, m.driver, m.how)
CERIUM_FIELDS(WorkerLeaving)
CERIUM_FIELDS(WorkerAccepted, m.manager)
CERIUM_FIELDS(Refused, m.reason, m.standby)
CERIUM_FIELDS(LaunchExecutor, m.application, m.executor, m.cores, m.memory, m.driver_host, m.driver_port, m.program,
              m.environment)
CERIUM_FIELDS(RetireExecutor, m.executor)
CERIUM_FIELDS(FreeExecutor, m.application, m.executor)
CERIUM_FIELDS(EndExecutor, m.application, m.executor, m.reason)
CERIUM_FIELDS(LaunchDriver, m.order)
CERIUM_FIELDS(EndDriver, m.driver, m.reason)
CERIUM_FIELDS(EndNoted, m.owner, m.executor)
CERIUM_FIELDS(InterruptDriver, m.driver)
CERIUM_FIELDS(LeaveWhenIdle)
CERIUM_FIELDS(RegisterApplication, m.application, m.name, m.user, m.driver_host, m.driver_port, m.program,
              m.executor_environment, m.cores_max, m.executor_cores, m.executor_memory, m.executors_wanted, m.web_url,
              m.driver, m.executors, m.retired, m.next_executor)
CERIUM_FIELDS(WantExecutors, m.executors)
CERIUM_FIELDS(ReleaseExecutor, m.executor, m.reason)
CERIUM_FIELDS(EndApplication, m.failed, m.reason)
CERIUM_FIELDS(ApplicationAccepted, m.manager)
CERIUM_FIELDS(ExecutorGranted, m.executor, m.worker, m.host, m.cores, m.memory)
CERIUM_FIELDS(ExecutorRunning, m.executor, m.log)
CERIUM_FIELDS(ExecutorGone, m.executor, m.worker_lost, m.how)
CERIUM_FIELDS(ExecutorLeaving, m.executor, m.reason)
CERIUM_FIELDS(ApplicationWaits, m.reason)
CERIUM_FIELDS(ApplicationRemoved, m.reason)
CERIUM_FIELDS(SubmitDriver, m.order)
CERIUM_FIELDS(KillDriver, m.driver)
CERIUM_FIELDS(AskDriver, m.driver)
CERIUM_FIELDS(DriverStatus, m.driver, m.state, m.worker, m.host, m.detail, m.exit_status)
CERIUM_FIELDS(DecommissionWorkers, m.host)
CERIUM_FIELDS(Decommissioning, m.workers)
CERIUM_FIELDS(FetchFile, m.hash, m.offset)
CERIUM_FIELDS(FilePiece, m.offset, m.last, m.failure, m.bytes)
CERIUM_FIELDS(DriverOutput, m.driver, m.to_stderr, m.bytes)

CERIUM_FIELDS(WorkerRecord, m.worker, m.gone)
CERIUM_FIELDS(ApplicationRecord, m.application, m.next_executor, m.started_ms, m.state, m.reason, m.ended_ms)
CERIUM_FIELDS(GrantRecord, m.application, m.next_executor)
CERIUM_FIELDS(DriverRecord, m.order, m.state, m.worker, m.detail, m.exit_status, m.started, m.kill_asked, m.interrupted,
              m.submitted_ms)

}  // namespace cerium::protocol

CERIUM_PLAIN(ServedFile)
CERIUM_PLAIN(Program)
CERIUM_PLAIN(ExitInfo)
CERIUM_PLAIN(ExecutorOnWorker)
CERIUM_PLAIN(DriverOrder)
CERIUM_PLAIN(RegisterWorker)
CERIUM_PLAIN(WorkerHeartbeat)
CERIUM_PLAIN(ExecutorStarted)
CERIUM_PLAIN(ExecutorExited)
CERIUM_PLAIN(DriverStarted)
CERIUM_PLAIN(DriverExited)
CERIUM_PLAIN(WorkerLeaving)
CERIUM_PLAIN(WorkerAccepted)
CERIUM_PLAIN(Refused)
CERIUM_PLAIN(LaunchExecutor)
CERIUM_PLAIN(RetireExecutor)
CERIUM_PLAIN(FreeExecutor)
CERIUM_PLAIN(EndExecutor)
CERIUM_PLAIN(LaunchDriver)
CERIUM_PLAIN(EndDriver)
CERIUM_PLAIN(EndNoted)
CERIUM_PLAIN(InterruptDriver)
CERIUM_PLAIN(LeaveWhenIdle)
CERIUM_PLAIN(RegisterApplication)
CERIUM_PLAIN(WantExecutors)
CERIUM_PLAIN(ReleaseExecutor)
CERIUM_PLAIN(EndApplication)
CERIUM_PLAIN(ApplicationAccepted)
CERIUM_PLAIN(ExecutorGranted)
CERIUM_PLAIN(ExecutorRunning)
CERIUM_PLAIN(ExecutorGone)
CERIUM_PLAIN(ExecutorLeaving)
CERIUM_PLAIN(ApplicationWaits)
CERIUM_PLAIN(ApplicationRemoved)
CERIUM_PLAIN(SubmitDriver)
CERIUM_PLAIN(KillDriver)
CERIUM_PLAIN(AskDriver)
CERIUM_PLAIN(DriverStatus)
CERIUM_PLAIN(DecommissionWorkers)
CERIUM_PLAIN(Decommissioning)
CERIUM_PLAIN(FetchFile)
CERIUM_PLAIN(FilePiece)
CERIUM_PLAIN(DriverOutput)
CERIUM_PLAIN(WorkerRecord)
CERIUM_PLAIN(ApplicationRecord)
CERIUM_PLAIN(DriverRecord)
CERIUM_PLAIN(GrantRecord)

namespace cerium::protocol {

Bytes encodeCluster(const ClusterMessage& message) { return encodeSet(message); }
ClusterMessage decodeCluster(const Bytes& frame) { return decodeSet<ClusterMessage>(frame); }

Bytes encodeRecord(const JournalRecord& record) { return encodeSet(record); }
JournalRecord decodeRecord(const Bytes& bytes) { return decodeSet<JournalRecord>(bytes); }

}  // namespace cerium::protocol
