// Cerium. Licensed under the Apache License 2.0.
// Serves blocks of this process to others: shuffle output, cached partitions, broadcast chunks, large results. A reader
// opens a stream and asks for each piece, which bounds the bytes on their way to it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "base/protocol/messages.h"
#include "base/rpc/transport.h"
#include "base/util/serial_thread.h"
#include "executor/blocks/block_store.h"
#include "executor/blocks/shuffle_store.h"

namespace cerium {

/// The sources of served blocks. A null member serves no blocks of its kind.
struct BlockSources {
  ShuffleStore* shuffles = nullptr;
  BlockStore* blocks = nullptr;
  /// Chunk `index` of a broadcast, or nothing.
  std::function<CheckedBytes(BroadcastId, int index)> broadcast_chunk;
  /// A result kept under its task's id, or nothing.
  std::function<CheckedBytes(TaskId)> result;
};

/// Threads: handlers() and stop() from any thread. Encoding and disk reads happen on the server's own thread, so that
/// the transport's thread never waits.
class BlockServer {
 public:
  explicit BlockServer(BlockSources sources);
  ~BlockServer();

  /// The handlers for each accepted connection of the transport.
  rpc::Handlers handlers();
  void stop() { thread_.stop(); }

 private:
  struct Outgoing;  // one open stream
  using StreamKey = std::pair<rpc::Connection*, int64_t>;

  void accept(const rpc::ConnectionPtr& connection, const protocol::Message& message);
  void open(const rpc::ConnectionPtr& connection, const protocol::OpenBlocks& request);
  void gather(const protocol::OpenBlocks& request, Outgoing& stream);
  void openShuffle(const protocol::OpenBlocks& request, Outgoing& stream);
  void sendPiece(const rpc::ConnectionPtr& connection, int64_t request);
  void forget(rpc::Connection* connection);

  const BlockSources sources_;
  std::map<StreamKey, std::unique_ptr<Outgoing>> streams_;  // used by the thread only
  SerialThread thread_{"cerium-serve"};
};

}  // namespace cerium
