// Cerium. Licensed under the Apache License 2.0.
// Reads blocks of other processes: one connection a peer, any number of streams on it, a bounded number of pieces of
// each stream under way.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/protocol/messages.h"
#include "base/rpc/transport.h"

namespace cerium {

class TaskContext;

/// A stream of segments from one peer, in the order asked for. Threads: used by one reader.
class RemoteStream {
 public:
  struct Segment {
    int map = 0;
    std::shared_ptr<const Bytes> bytes;
    bool encoded_form = false;
  };

  RemoteStream(rpc::ConnectionPtr connection, int64_t request)
      : connection_(std::move(connection)), request_(request) {}

  /// Blocks; nothing at the end. Throws Error (its text is the reason) where the peer fails, is gone, or sends nothing
  /// for a minute; TaskKilled where `task` (may be null) is told to stop.
  std::optional<Segment> next(TaskContext* task);
  /// The map output that the peer did not have, after next() threw; -1 for none in particular.
  [[nodiscard]] int failedMap() const { return failed_map_; }

 private:
  friend class BlockClient;
  void deliver(protocol::BlockPiece piece);
  void fail(const std::string& reason);
  protocol::BlockPiece waitForPiece(TaskContext* task);

  const rpc::ConnectionPtr connection_;
  const int64_t request_;
  int failed_map_ = -1;
  // Of the reader:
  protocol::BlockPiece piece_;
  size_t at_segment_ = 0;
  size_t at_byte_ = 0;
  bool ended_ = false;
  // Shared with the transport's thread:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<protocol::BlockPiece> pieces_;  // guarded by mutex_
  std::string failure_;                      // guarded by mutex_
};

/// Threads: all methods from any thread, but not from a transport's handler.
class BlockClient {
 public:
  explicit BlockClient(rpc::Transport& transport) : transport_(transport) {}
  ~BlockClient();

  /// Opens a stream; `request.request` is set by the client. Throws IoError where the peer cannot be reached,
  /// TaskKilled where `task` (may be null) is told to stop meanwhile.
  std::shared_ptr<RemoteStream> open(const rpc::Endpoint& peer, protocol::OpenBlocks request, TaskContext* task);
  /// One whole block, for kinds that have one segment.
  RemoteStream::Segment fetch(const rpc::Endpoint& peer, protocol::OpenBlocks request, TaskContext* task);
  /// The process there is gone, as others know better: streams and attempts to connect end with this reason, rather
  /// than wait for an answer. From any thread, also from a transport's handler.
  void giveUp(const rpc::Endpoint& peer, const std::string& reason);

 private:
  struct Peer;
  std::shared_ptr<Peer> peerAt(const rpc::Endpoint& endpoint, TaskContext* task);

  rpc::Transport& transport_;
  std::atomic<int64_t> next_request_{0};
  std::mutex mutex_;
  std::map<rpc::Endpoint, std::shared_ptr<Peer>> peers_;  // guarded by mutex_
};

}  // namespace cerium
