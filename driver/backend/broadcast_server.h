// Cerium. Licensed under the Apache License 2.0.
// The driver's side of broadcasts: encodes a value when the first executor asks, serves its chunks, and tells each
// asker who else has them, so that executors fetch from each other.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/util/mutex.h"
#include "base/util/serial_thread.h"
#include "executor/blocks/block_server.h"

namespace cerium {

/// Threads: all methods from any thread.
class BroadcastServer {
 public:
  explicit BroadcastServer(uint64_t chunk_bytes);
  ~BroadcastServer();

  void add(BroadcastId id, std::function<Bytes()> encode);
  void remove(BroadcastId id);
  /// Sends a BroadcastInfo to the asker, from a thread of the server's: encoding takes as long as the value is large.
  void answer(const rpc::ConnectionPtr& asker, BroadcastId id, const rpc::Endpoint& driver);
  void addHolder(BroadcastId id, const protocol::Peer& peer);
  void forgetHolder(ExecutorId executor);
  void forgetHolders(BroadcastId id);
  /// Serves the chunks.
  [[nodiscard]] BlockServer& server() { return *server_; }

 private:
  struct Entry {
    std::function<Bytes()> encode;
    Mutex encoding;
    std::shared_ptr<const Bytes> bytes CERIUM_GUARDED_BY(encoding);
    std::vector<uint64_t> checksums CERIUM_GUARDED_BY(encoding);  // of its chunks
  };
  std::shared_ptr<Entry> find(BroadcastId id);
  std::shared_ptr<const Bytes> encoded(Entry& entry) const;
  std::string_view chunkOf(const Bytes& bytes, size_t index) const;
  CheckedBytes chunk(BroadcastId id, int index);

  const uint64_t chunk_bytes_;
  Mutex mutex_;
  std::map<BroadcastId, std::shared_ptr<Entry>> entries_ CERIUM_GUARDED_BY(mutex_);
  /// By broadcast of entries_, then by executor.
  std::map<BroadcastId, std::map<int64_t, protocol::Peer>> holders_ CERIUM_GUARDED_BY(mutex_);
  std::unique_ptr<BlockServer> server_;
  SerialThread thread_{"cerium-bcast"};  // answers
};

}  // namespace cerium
