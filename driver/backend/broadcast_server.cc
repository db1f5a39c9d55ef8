// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/broadcast_server.h"

#include <algorithm>

#include "base/util/exception_text.h"
#include "rdd/broadcast.h"

namespace cerium {

BroadcastServer::BroadcastServer(uint64_t chunk_bytes) : chunk_bytes_(std::max<uint64_t>(1, chunk_bytes)) {
  BlockSources sources;
  sources.broadcast_chunk = [this](BroadcastId id, int index) { return chunk(id, index); };
  server_ = std::make_unique<BlockServer>(std::move(sources));
}

BroadcastServer::~BroadcastServer() {
  thread_.stop();
  server_->stop();
}

void BroadcastServer::add(BroadcastId id, std::function<Bytes()> encode) {
  auto entry = std::make_shared<Entry>();
  entry->encode = std::move(encode);
  MutexLock lock(mutex_);
  entries_[id] = std::move(entry);
}

void BroadcastServer::remove(BroadcastId id) {
  MutexLock lock(mutex_);
  entries_.erase(id);
  holders_.erase(id);
}

std::shared_ptr<BroadcastServer::Entry> BroadcastServer::find(BroadcastId id) {
  MutexLock lock(mutex_);
  auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second;
}

std::shared_ptr<const Bytes> BroadcastServer::encoded(Entry& entry) const {
  MutexLock lock(entry.encoding);
  if (entry.bytes) return entry.bytes;
  entry.bytes = std::make_shared<const Bytes>(entry.encode());
  for (size_t i = 0; i * chunk_bytes_ < entry.bytes->size(); ++i) {
    const std::string_view bytes = chunkOf(*entry.bytes, i);
    entry.checksums.push_back(hashBytes(bytes.data(), bytes.size()));
  }
  return entry.bytes;
}

std::string_view BroadcastServer::chunkOf(const Bytes& bytes, size_t index) const {
  return bytes.view().substr(index * chunk_bytes_, chunk_bytes_);
}

void BroadcastServer::answer(const rpc::ConnectionPtr& asker, BroadcastId id, const rpc::Endpoint& driver) {
  thread_.run([this, asker, id, driver] {
    protocol::BroadcastInfo info;
    info.id = id.value;
    info.chunk = chunk_bytes_;
    if (auto entry = find(id)) {
      if (const auto thrown = guarded([&] { info.bytes = encoded(*entry)->size(); })) {
        info.failure = "broadcast " + id.str() + " cannot be serialized: " + thrown->message;
        info.failure_type = thrown->type;
      }
      info.holders.push_back({-1, driver.host, driver.port});
      MutexLock lock(mutex_);
      const auto known = holders_.find(id);
      if (known != holders_.end()) {
        for (const auto& [executor, peer] : known->second) info.holders.push_back(peer);
      }
    } else if (BroadcastOwner::of(id) != nullptr) {
      info.failure = foreignBroadcast(id);
    } else {
      info.failure = "broadcast " + id.str() + " was destroyed (or its Context stopped) before it was used here";
    }
    asker->send(protocol::encode(std::move(info)));
  });
}

void BroadcastServer::addHolder(BroadcastId id, const protocol::Peer& peer) {
  MutexLock lock(mutex_);
  if (entries_.contains(id)) holders_[id][peer.executor] = peer;
}

void BroadcastServer::forgetHolder(ExecutorId executor) {
  MutexLock lock(mutex_);
  for (auto& [id, holders] : holders_) holders.erase(executor.value);
}

void BroadcastServer::forgetHolders(BroadcastId id) {
  MutexLock lock(mutex_);
  holders_.erase(id);
}

CheckedBytes BroadcastServer::chunk(BroadcastId id, int index) {
  auto entry = find(id);
  if (!entry) return {};
  std::shared_ptr<const Bytes> bytes;
  if (guarded([&] { bytes = encoded(*entry); })) return {};  // those that asked for it were told why
  MutexLock lock(entry->encoding);
  const auto at = static_cast<size_t>(index);
  if (index < 0 || at >= entry->checksums.size()) return {};
  return {std::make_shared<const Bytes>(chunkOf(*bytes, at)), entry->checksums[at]};
}

}  // namespace cerium
