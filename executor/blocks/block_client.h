// Cerium. Licensed under the Apache License 2.0.
// Reads blocks of other processes: one connection for each peer, any number of streams on it, and a bounded number of
// pieces of each stream on the way.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/protocol/messages.h"
#include "base/rpc/transport.h"
#include "base/util/checked_bytes.h"
#include "base/util/error.h"
#include "base/util/ids.h"
#include "base/util/mutex.h"

namespace cerium {

class TaskContext;
struct CachedBlock;

/// A stream of blocks that failed, and whether a second try makes sense.
class BlocksFailed : public IoError {
 public:
  enum class Why {
    kNotServed,  ///< The peer does not have the block, or not as it was written. A second try is of no use.
    kDamaged,    ///< The received bytes are not the written ones. A second try may succeed.
    kBroken,     ///< The connection broke. A second try may succeed.
    kGivenUp,    ///< The peer is gone or silent.
  };
  BlocksFailed(Why reason, int map_index, const std::string& text) : IoError(text), why(reason), map(map_index) {}
  Why why;
  int map;  ///< The map output that failed; -1: not a particular one.
};

/// A stream of segments from one peer, in the order asked for. Threads: used by one reader.
class RemoteStream {
 public:
  struct Segment {
    int map = 0;
    int reduce = 0;        ///< Of a shuffle.
    CheckedBytes content;  ///< Verified against its checksum.
  };

  /// Called when the stream has received nothing for a while. Throws BlocksFailed if the peer cannot be reached.
  using OnSilence = std::function<void(std::chrono::steady_clock::time_point since, TaskContext* task)>;

  RemoteStream(rpc::ConnectionPtr connection, int64_t request, OnSilence on_silence)
      : connection_(std::move(connection)), request_(request), look_after_(std::move(on_silence)) {}

  /// Blocks until the next segment; nothing at the end of the stream. Throws BlocksFailed if the peer fails, is gone,
  /// sends nothing for a minute, or sends other bytes than were written; TaskKilled if `task` (may be null) is told to
  /// stop.
  std::optional<Segment> next(TaskContext* task);
  [[nodiscard]] bool hasEnded() const { return ended_; }

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
  // Used by the reader only:
  protocol::BlockPiece piece_;
  size_t at_segment_ = 0;
  size_t at_byte_ = 0;
  bool ended_ = false;
  // Shared with the transport's thread:
  Mutex mutex_;
  CondVar arrived_;
  std::deque<protocol::BlockPiece> pieces_ CERIUM_GUARDED_BY(mutex_);
  std::optional<BlocksFailed> failure_ CERIUM_GUARDED_BY(mutex_);
};

/// Opens streams to peers. Threads: all methods from any thread, except a transport's handler.
class BlockClient {
 public:
  explicit BlockClient(rpc::Transport& transport) : transport_(transport) {}
  ~BlockClient();

  /// Opens a stream; the client sets `request.request`. Throws IoError if the peer cannot be reached (BlocksFailed if
  /// an attempt has just failed), TaskKilled if `task` (may be null) is told to stop.
  std::shared_ptr<RemoteStream> open(const rpc::Endpoint& peer, protocol::OpenBlocks request, TaskContext* task);
  /// Ends a stream that its reader needs no more of. Nothing happens if it has ended.
  void close(const rpc::Endpoint& peer, const RemoteStream& stream);
  /// Fetches one whole block, for kinds that have one segment. Tries a second time if the block is damaged or the
  /// connection breaks.
  CheckedBytes fetch(const rpc::Endpoint& peer, protocol::OpenBlocks request, TaskContext* task);
  /// Fetches the pieces of a cached block one after the other, each as fetch() does.
  CachedBlock fetchCached(const rpc::Endpoint& peer, RddId rdd, int partition, TaskContext* task);
  /// Called when the peer's process is known to have ended: its streams and attempts to connect fail with `reason` at
  /// once. From any thread, including a transport's handler.
  void giveUp(const rpc::Endpoint& peer, const std::string& reason);

 private:
  class Turn;
  struct Peer;
  std::shared_ptr<Peer> peerAt(const rpc::Endpoint& endpoint, TaskContext* task);
  static std::unique_lock<Turn> waitToConnect(Peer& peer, TaskContext* task);
  rpc::ConnectionPtr connect(Peer& peer, const rpc::Endpoint& endpoint, rpc::Handlers handlers, TaskContext* task);
  void lookAfter(Peer& peer, const rpc::Endpoint& endpoint, std::chrono::steady_clock::time_point since,
                 TaskContext* task);

  rpc::Transport& transport_;
  std::atomic<int64_t> next_request_{0};
  Mutex mutex_;
  std::map<rpc::Endpoint, std::shared_ptr<Peer>> peers_ CERIUM_GUARDED_BY(mutex_);
};

}  // namespace cerium
