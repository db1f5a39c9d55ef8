// Cerium. Licensed under the Apache License 2.0.
// The messages between a driver and its executors: plain structs and a closed variant. base/protocol/README.md lists
// senders and receivers. The encoding is in messages.cc.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/events/task_metrics.h"
#include "base/util/bytes.h"

namespace cerium::protocol {

/// The address where an executor serves its blocks.
struct Peer {
  int64_t executor = -1;
  std::string host;
  uint16_t port = 0;
};

// ---- executor -> driver

struct Hello {
  int64_t executor = -1;
  std::string build_id;
  std::string host;
  uint16_t block_port = 0;
  int32_t cores = 0;
  int64_t pid = 0;
};

struct AccumulatorUpdate {
  int64_t id = -1;
  Bytes cell;
};

struct TaskEnd {
  enum Outcome : uint8_t { kSuccess, kUserException, kFetchFailed, kEngineFailure, kKilled };
  int64_t task = -1;
  uint8_t outcome = kSuccess;
  Bytes result;               ///< Of a result task, unless `kept_bytes` says that it waits at the executor.
  uint64_t kept_bytes = 0;    ///< Greater than 0: the result is large, and the executor keeps it under the task's id.
  uint64_t map_checksum = 0;  ///< Of a map task: tells two outputs of the same task apart.
  Bytes map_sizes;            ///< Of a map task: the sizes of its output (encodeSizes()).
  std::vector<AccumulatorUpdate> accumulators;
  TaskMetrics metrics;
  std::string message;  ///< The text of a failure.
  std::string exception_type;
  std::string call_site;
  int64_t shuffle = -1;  ///< Of a failed fetch: the shuffle output that could not be read, and its executor.
  int32_t map = -1;
  int64_t source = -1;
};
struct TasksEnded {
  std::vector<TaskEnd> tasks;
};
struct Heartbeat {
  uint64_t memory_used = 0;
  uint64_t disk_used = 0;
};
struct BlockStatus {
  int64_t rdd = -1;
  int32_t partition = 0;
  bool present = false;
  uint64_t memory = 0;
  uint64_t disk = 0;
};
struct BlocksChanged {
  std::vector<BlockStatus> blocks;
};
struct BroadcastQuery {
  int64_t id = -1;
};
/// This executor serves chunks of the broadcast from now on.
struct BroadcastHeld {
  int64_t id = -1;
};
struct BarrierEnter {
  int64_t stage = -1;
  int32_t attempt = 0;
  int32_t partition = 0;
  int64_t task = -1;
  std::string message;
};

/// The answer to AdoptShuffle.
struct ShuffleAdopted {
  int64_t shuffle = -1;
  std::vector<int32_t> maps;
  int64_t from = -1;
  std::string failure;  ///< Not empty: the outputs could not be fetched.
};
/// The answer to Retire: this executor's shuffle output is on disk and its cache is empty.
struct Retired {};

// ---- driver -> executor

/// The first message on a connection: the settings of this application's executors. The executor answers with Hello.
struct Welcome {
  std::string application;
  uint64_t memory_bytes = 0;   ///< The budget for blocks and operators.
  uint64_t process_limit = 0;  ///< The limit for the whole process; 0: none.
  int32_t heartbeat_ms = 1000;
  int64_t barrier_ms = 60'000;
  int64_t kill_timeout_ms = 10'000;
  std::vector<std::string> local_dirs;
  bool reads_ahead = true;  ///< Tasks of one thread share streams of shuffle output.
};
struct StageCode {
  int64_t stage = -1;
  int64_t shuffle = -1;  ///< The shuffle that its tasks write; -1 for a result stage.
  int32_t num_partitions = 0;
  Bytes code;
  std::map<std::string, std::string> properties;
};
struct PartitionData {
  int64_t rdd = -1;
  int32_t partition = 0;
  Bytes bytes;
};
struct TaskLaunch {
  int64_t task = -1;
  int64_t stage = -1;
  int32_t stage_attempt = 0;
  int32_t partition = 0;
  int32_t attempt = 0;
  std::vector<PartitionData> data;
};
/// The executor of each map output of a shuffle; -1: none.
struct ShuffleLocations {
  int64_t shuffle = -1;
  int64_t epoch = 0;
  std::vector<int64_t> executors;
  std::vector<uint64_t> checksums;  ///< The checksum of each output, as its map task reported it.
};
struct CachedLocation {
  int64_t rdd = -1;
  int32_t partition = 0;
  int64_t executor = -1;
};
struct LaunchTasks {
  std::vector<Peer> peers;  ///< Executors that the locations name and this executor does not know yet.
  std::vector<AccumulatorUpdate> accumulators;  ///< Accumulators defined since the last launch.
  std::vector<ShuffleLocations> shuffles;
  std::vector<CachedLocation> cached;
  std::vector<StageCode> stages;
  std::vector<TaskLaunch> tasks;
};
struct KillTask {
  int64_t task = -1;
  std::string reason;
};
struct DropStages {
  std::vector<int64_t> stages;
};
struct DropShuffle {
  int64_t shuffle = -1;
};
struct DropRdd {
  int64_t rdd = -1;
};
struct DropBroadcast {
  int64_t id = -1;
};
/// The driver has fetched a kept result or does not need it.
struct DropResult {
  int64_t task = -1;
};
struct BroadcastInfo {
  int64_t id = -1;
  uint64_t bytes = 0;
  uint64_t chunk = 0;
  std::vector<Peer> holders;
  std::string failure;       ///< Not empty: why there is no value to fetch.
  std::string failure_type;  ///< Not empty: the program's code threw this while the value was encoded.
};
struct BarrierRelease {
  int64_t task = -1;
  std::string failure;
  std::vector<std::string> messages;
};
/// Fetch a cached block from another executor and keep a copy of it.
struct ReplicateBlock {
  int64_t rdd = -1;
  int32_t partition = 0;
  uint8_t level = 0;
  Peer from;
};
/// Fetch map outputs from another executor, which is about to leave, and serve them from then on.
struct AdoptShuffle {
  int64_t shuffle = -1;
  int32_t num_reduces = 0;
  std::vector<int32_t> maps;
  std::vector<uint64_t> checksums;  ///< One for each of `maps`.
  Peer from;
};
/// Run no more tasks and free memory, but keep serving shuffle output. Answered by Retired.
struct Retire {};
/// A file of Context::addFile: its path on the driver's machine, and the broadcast of its contents.
struct AddedFile {
  std::string name;
  std::string path;
  int64_t broadcast = -1;
};
/// All files added so far.
struct AddedFiles {
  std::vector<AddedFile> files;
};
/// Another executor is gone: requests to it, and answers that are awaited from it, fail now.
struct ExecutorLost {
  int64_t executor = -1;
  std::string reason;
};
struct Shutdown {
  std::string reason;
};

// ---- block transfer: any process -> executor (or driver, for broadcasts), and back

/// Opens a stream of blocks. The asker chooses `request`, which names the stream on this connection.
struct OpenBlocks {
  enum Kind : uint8_t { kShuffle, kCached, kBroadcast, kResult };
  int64_t request = -1;
  uint8_t kind = kShuffle;
  int64_t id = -1;            ///< Shuffle, RDD, broadcast or task.
  int32_t index = 0;          ///< Reduce partition, partition or chunk.
  std::vector<int32_t> maps;  ///< For kShuffle: the map outputs, in this order.
  // For kShuffle: the checksum of each of `maps`; an output of another attempt is refused.
  std::vector<uint64_t> checksums = {};
  int32_t count = 1;    ///< For kShuffle: so many reduce partitions from `index` on, one after the other.
  int32_t skipped = 0;  ///< For kShuffle: so many of `maps` are left out in the first reduce partition.
};
/// Asks for the next piece of a stream. At most a few pieces of a stream are on their way at any time.
struct MoreBlocks {
  int64_t request = -1;
  bool stop = false;  ///< The reader needs no more of the stream: it ends without another piece.
};
/// A piece of a stream: whole or partial segments in a row.
struct BlockPiece {
  struct Segment {
    int32_t map = 0;
    uint64_t total = 0;     ///< Bytes of the whole segment; the piece may hold only a part.
    uint64_t bytes = 0;     ///< Bytes of the segment in this piece.
    uint64_t checksum = 0;  ///< XXH3 of the whole segment, computed by its writer.
    int32_t reduce = 0;     ///< Of a shuffle: the reduce partition.
  };
  int64_t request = -1;
  std::vector<Segment> segments;
  bool last = false;
  std::string failure;       ///< Not empty: the block of `failed_map` is missing here.
  std::string failure_type;  ///< Not empty: the block is here, and the program's code threw this while it was encoded.
  int32_t failed_map = -1;
  Bytes bytes;
};

using Message =
    std::variant<Hello, TasksEnded, Heartbeat, BlocksChanged, BroadcastQuery, BroadcastHeld, BarrierEnter, Welcome,
                 LaunchTasks, KillTask, DropStages, DropShuffle, DropRdd, DropBroadcast, DropResult, BroadcastInfo,
                 BarrierRelease, ReplicateBlock, AddedFiles, Shutdown, OpenBlocks, MoreBlocks, BlockPiece, AdoptShuffle,
                 ShuffleAdopted, Retire, Retired, ExecutorLost>;

/// Encodes a message as one frame for the transport.
[[nodiscard]] Bytes encode(const Message& message);
/// Throws CorruptData if the frame is not one whole message. Allocates at most about as much as the frame has bytes.
[[nodiscard]] Message decode(const Bytes& frame);

}  // namespace cerium::protocol
