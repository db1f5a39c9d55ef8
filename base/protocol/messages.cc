// Cerium. Licensed under the Apache License 2.0.
#include "base/protocol/messages.h"

#include "base/protocol/archive.h"

namespace cerium {

template <class Archive>
void serialize(Archive& archive, TaskMetrics& metrics, const unsigned) {
  for (const TaskFigure& figure : kTaskFigures) protocol::field(archive, metrics.*figure.of);
}

}  // namespace cerium
BOOST_CLASS_IMPLEMENTATION(cerium::TaskMetrics, boost::serialization::object_serializable)
BOOST_CLASS_TRACKING(cerium::TaskMetrics, boost::serialization::track_never)

namespace cerium::protocol {
CERIUM_FIELDS(Peer, m.executor, m.host, m.port)
CERIUM_FIELDS(Hello, m.executor, m.build_id, m.host, m.block_port, m.cores, m.pid)
CERIUM_FIELDS(AccumulatorUpdate, m.id, m.cell)
CERIUM_FIELDS(TaskEnd, m.task, m.outcome, m.result, m.kept_bytes, m.map_checksum, m.map_sizes, m.accumulators,
              m.metrics, m.message, m.exception_type, m.call_site, m.shuffle, m.map, m.source)
CERIUM_FIELDS(TasksEnded, m.tasks)
CERIUM_FIELDS(Heartbeat, m.memory_used, m.disk_used)
CERIUM_FIELDS(BlockStatus, m.rdd, m.partition, m.present, m.memory, m.disk)
CERIUM_FIELDS(BlocksChanged, m.blocks)
CERIUM_FIELDS(BroadcastQuery, m.id)
CERIUM_FIELDS(BroadcastHeld, m.id)
CERIUM_FIELDS(BarrierEnter, m.stage, m.attempt, m.partition, m.task, m.message)
CERIUM_FIELDS(Welcome, m.application, m.memory_bytes, m.process_limit, m.heartbeat_ms, m.barrier_ms, m.kill_timeout_ms,
              m.local_dirs, m.reads_ahead)
CERIUM_FIELDS(StageCode, m.stage, m.shuffle, m.num_partitions, m.code, m.properties)
CERIUM_FIELDS(PartitionData, m.rdd, m.partition, m.bytes)
CERIUM_FIELDS(TaskLaunch, m.task, m.stage, m.stage_attempt, m.partition, m.attempt, m.data)
CERIUM_FIELDS(ShuffleLocations, m.shuffle, m.epoch, m.executors, m.checksums)
CERIUM_FIELDS(CachedLocation, m.rdd, m.partition, m.executor)
CERIUM_FIELDS(LaunchTasks, m.peers, m.accumulators, m.shuffles, m.cached, m.stages, m.tasks)
CERIUM_FIELDS(KillTask, m.task, m.reason)
CERIUM_FIELDS(DropStages, m.stages)
CERIUM_FIELDS(DropShuffle, m.shuffle)
CERIUM_FIELDS(DropRdd, m.rdd)
CERIUM_FIELDS(DropBroadcast, m.id)
CERIUM_FIELDS(DropResult, m.task)
CERIUM_FIELDS(BroadcastInfo, m.id, m.bytes, m.chunk, m.holders, m.failure, m.failure_type)
CERIUM_FIELDS(BarrierRelease, m.task, m.failure, m.messages)
CERIUM_FIELDS(ReplicateBlock, m.rdd, m.partition, m.level, m.from)
CERIUM_FIELDS(AdoptShuffle, m.shuffle, m.num_reduces, m.maps, m.checksums, m.from)
CERIUM_FIELDS(ShuffleAdopted, m.shuffle, m.maps, m.from, m.failure)
CERIUM_FIELDS(Retire)
CERIUM_FIELDS(Retired)
CERIUM_FIELDS(AddedFile, m.name, m.path, m.broadcast)
CERIUM_FIELDS(AddedFiles, m.files)
CERIUM_FIELDS(ExecutorLost, m.executor, m.reason)
CERIUM_FIELDS(Shutdown, m.reason)
CERIUM_FIELDS(OpenBlocks, m.request, m.kind, m.id, m.index, m.maps, m.checksums, m.count, m.skipped)
CERIUM_FIELDS(MoreBlocks, m.request, m.stop)
CERIUM_FIELDS(BlockPiece::Segment, m.map, m.total, m.bytes, m.checksum, m.reduce)
CERIUM_FIELDS(BlockPiece, m.request, m.segments, m.last, m.failure, m.failure_type, m.failed_map, m.bytes)

}  // namespace cerium::protocol

CERIUM_PLAIN(Peer)
CERIUM_PLAIN(Hello)
CERIUM_PLAIN(AccumulatorUpdate)
CERIUM_PLAIN(TaskEnd)
CERIUM_PLAIN(TasksEnded)
CERIUM_PLAIN(Heartbeat)
CERIUM_PLAIN(BlockStatus)
CERIUM_PLAIN(BlocksChanged)
CERIUM_PLAIN(BroadcastQuery)
CERIUM_PLAIN(BroadcastHeld)
CERIUM_PLAIN(BarrierEnter)
CERIUM_PLAIN(Welcome)
CERIUM_PLAIN(StageCode)
CERIUM_PLAIN(PartitionData)
CERIUM_PLAIN(TaskLaunch)
CERIUM_PLAIN(ShuffleLocations)
CERIUM_PLAIN(CachedLocation)
CERIUM_PLAIN(LaunchTasks)
CERIUM_PLAIN(KillTask)
CERIUM_PLAIN(DropStages)
CERIUM_PLAIN(DropShuffle)
CERIUM_PLAIN(DropRdd)
CERIUM_PLAIN(DropBroadcast)
CERIUM_PLAIN(DropResult)
CERIUM_PLAIN(BroadcastInfo)
CERIUM_PLAIN(BarrierRelease)
CERIUM_PLAIN(ReplicateBlock)
CERIUM_PLAIN(AdoptShuffle)
CERIUM_PLAIN(ShuffleAdopted)
CERIUM_PLAIN(Retire)
CERIUM_PLAIN(Retired)
CERIUM_PLAIN(AddedFile)
CERIUM_PLAIN(AddedFiles)
CERIUM_PLAIN(ExecutorLost)
CERIUM_PLAIN(Shutdown)
CERIUM_PLAIN(OpenBlocks)
CERIUM_PLAIN(MoreBlocks)
CERIUM_PLAIN(BlockPiece::Segment)
CERIUM_PLAIN(BlockPiece)

namespace cerium::protocol {

Bytes encode(const Message& message) { return encodeSet(message); }
Message decode(const Bytes& frame) { return decodeSet<Message>(frame); }

}  // namespace cerium::protocol
