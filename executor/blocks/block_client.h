// Cerium. Licensed under the Apache License 2.0.
// Reads blocks of other processes: one connection a peer, any number of streams on it, a bounded number of pieces of
// each stream under way.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/protocol/messages.h"
#include "base/rpc/transport.h"
#include "base/util/checked_bytes.h"
#include "base/util/error.h"
#include "base/util/ids.h"

namespace cerium {

class TaskContext;
struct CachedBlock;

/// A stream of blocks that cannot go on, and what follows from that.
class BlocksFailed : public IoError {
 public:
  enum class Why {
    kNotServed,  ///< The peer does not have it, or not as it was written. It is of no use to ask again.
    kDamaged,    ///< What came is not what was written. It may come well the next time.
    kBroken,     ///< The connection broke. The next one may hold.
    kGivenUp,    ///< The peer is gone, or says nothing.
  };
  BlocksFailed(Why reason, int map_index, const std::string& text) : IoError(text), why(reason), map(map_index) {}
  Why why;
  int map;  ///< The map output at fault; -1 for none in particular.
};

/// A stream of segments from one peer, in the order asked for. Threads: used by one reader.
class RemoteStream {
 public:
  struct Segment {
    int map = 0;
    CheckedBytes content;  ///< Intact.
  };

  /// Is told when the stream has heard nothing for a while; throws BlocksFailed where the peer cannot be reached.
  using OnSilence = std::function<void(std::chrono::steady_clock::time_point since, TaskContext* task)>;

  RemoteStream(rpc::ConnectionPtr connection, int64_t request, OnSilence on_silence)
      : connection_(std::move(connection)), request_(request), look_after_(std::move(on_silence)) {}

  /// Blocks; nothing at the end. Throws BlocksFailed where the peer fails, is gone, sends nothing for a minute, or
  /// sends other bytes than were written; TaskKilled where `task` (may be null) is told to stop.
  std::optional<Segment> next(TaskContext* task);

 private:
  friend class BlockClient;
  using Why = BlocksFailed::Why;
  void deliver(protocol::BlockPiece piece);
  void fail(Why why, const std::string& reason);
  protocol::BlockPiece waitForPiece(TaskContext* task);
  bool nextPiece(TaskContext* task);

  const rpc::ConnectionPtr connection_;
  const int64_t request_;
  const OnSilence look_after_;
  // Of the reader:
  protocol::BlockPiece piece_;
  size_t at_segment_ = 0;
  size_t at_byte_ = 0;
  bool ended_ = false;
  // Shared with the transport's thread:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<protocol::BlockPiece> pieces_;  // guarded by mutex_
  std::optional<BlocksFailed> failure_;      // guarded by mutex_
};

/// Threads: all methods from any thread, but not from a transport's handler.
class BlockClient {
 public:
  explicit BlockClient(rpc::Transport& transport) : transport_(transport) {}
  ~BlockClient();

  /// Opens a stream; `request.request` is set by the client. Throws IoError where the peer cannot be reached
  /// (BlocksFailed where it was a moment ago), TaskKilled where `task` (may be null) is told to stop meanwhile.
  std::shared_ptr<RemoteStream> open(const rpc::Endpoint& peer, protocol::OpenBlocks request, TaskContext* task);
  /// One whole block, for kinds that have one segment. Asks once more where it comes damaged or the connection breaks.
  CheckedBytes fetch(const rpc::Endpoint& peer, protocol::OpenBlocks request, TaskContext* task);
  /// The pieces of a cached block, which come one after the other, as fetch() does it.
  CachedBlock fetchCached(const rpc::Endpoint& peer, RddId rdd, int partition, TaskContext* task);
  /// The process there is gone, as others know better: streams and attempts to connect end with this reason, rather
  /// than wait for an answer. From any thread, also from a transport's handler.
  void giveUp(const rpc::Endpoint& peer, const std::string& reason);

 private:
  struct Peer;
  std::shared_ptr<Peer> peerAt(const rpc::Endpoint& endpoint, TaskContext* task);
  static std::unique_lock<std::timed_mutex> waitToConnect(Peer& peer, TaskContext* task);
  rpc::ConnectionPtr connect(Peer& peer, const rpc::Endpoint& endpoint, rpc::Handlers handlers, TaskContext* task);
  void lookAfter(Peer& peer, const rpc::Endpoint& endpoint, std::chrono::steady_clock::time_point since,
                 TaskContext* task);

  rpc::Transport& transport_;
  std::atomic<int64_t> next_request_{0};
  std::mutex mutex_;
  std::map<rpc::Endpoint, std::shared_ptr<Peer>> peers_;  // guarded by mutex_
};

}  // namespace cerium
