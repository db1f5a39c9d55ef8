// Cerium. Licensed under the Apache License 2.0.
// Serves blocks of this process to others: shuffle output, cached partitions, broadcast chunks, large results.
// A reader opens a stream and asks for pieces, so the bytes under way to it are bounded by what it asked for.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "base/protocol/messages.h"
#include "base/rpc/transport.h"
#include "executor/block_store.h"
#include "executor/shuffle_store.h"

namespace cerium {

/// Where the served bytes come from. Null members serve nothing of their kind.
struct BlockSources {
  ShuffleStore* shuffles = nullptr;
  BlockStore* blocks = nullptr;
  /// Chunk `index` of a broadcast, or null.
  std::function<std::shared_ptr<const Bytes>(BroadcastId, int index)> broadcast_chunk;
  /// A result kept under its task's id, or null.
  std::function<std::shared_ptr<const Bytes>(TaskId)> result;
};

/// Threads: handlers() and stop() from any thread; encoding and reading from disk happen on the server's own thread, so
/// that the transport's never waits.
class BlockServer {
 public:
  explicit BlockServer(BlockSources sources);
  ~BlockServer();

  /// For each accepted connection of the transport.
  rpc::Handlers handlers();
  void stop();

 private:
  struct Outgoing;  // one open stream
  using StreamKey = std::pair<rpc::Connection*, int64_t>;
  struct Job {
    rpc::ConnectionPtr connection;
    protocol::Message message;
  };

  void accept(const rpc::ConnectionPtr& connection, protocol::Message message);
  void run();
  void process(const Job& job);
  void open(const rpc::ConnectionPtr& connection, const protocol::OpenBlocks& request);
  void sendPiece(const rpc::ConnectionPtr& connection, int64_t request);
  void forget(rpc::Connection* connection);

  const BlockSources sources_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;                                    // guarded by mutex_
  std::deque<rpc::Connection*> closed_;                     // guarded by mutex_
  bool stopping_ = false;                                   // guarded by mutex_
  std::map<StreamKey, std::unique_ptr<Outgoing>> streams_;  // used by the server's thread only
  std::thread thread_;
};

}  // namespace cerium
