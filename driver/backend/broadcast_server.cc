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
  std::lock_guard lock(mutex_);
  entries_[id] = std::move(entry);
}

void BroadcastServer::remove(BroadcastId id) {
  std::lock_guard lock(mutex_);
  entries_.erase(id);
}

std::shared_ptr<BroadcastServer::Entry> BroadcastServer::find(BroadcastId id) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second;
}

std::shared_ptr<const Bytes> BroadcastServer::encoded(Entry& entry) const {
  std::lock_guard lock(entry.encoding);
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
      std::lock_guard lock(mutex_);
      for (const auto& [executor, peer] : entry->holders) info.holders.push_back(peer);
    } else if (BroadcastOwner::of(id) != nullptr) {
      info.failure = foreignBroadcast(id);
    } else {
      info.failure = "broadcast " + id.str() + " was destroyed (or its Context stopped) before it was used here";
    }
    asker->send(protocol::encode(std::move(info)));
  });
}

void BroadcastServer::addHolder(BroadcastId id, const protocol::Peer& peer) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(id);
  if (found != entries_.end()) found->second->holders[peer.executor] = peer;
}

void BroadcastServer::forgetHolder(ExecutorId executor) {
  std::lock_guard lock(mutex_);
  for (auto& [id, entry] : entries_) entry->holders.erase(executor.value);
}

void BroadcastServer::forgetHolders(BroadcastId id) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(id);
  if (found != entries_.end()) found->second->holders.clear();
}

CheckedBytes BroadcastServer::chunk(BroadcastId id, int index) {
  auto entry = find(id);
  if (!entry) return {};
  std::shared_ptr<const Bytes> bytes;
  if (guarded([&] { bytes = encoded(*entry); })) return {};  // those that asked for it were told why
  std::lock_guard lock(entry->encoding);
  const auto at = static_cast<size_t>(index);
  if (index < 0 || at >= entry->checksums.size()) return {};
  return {std::make_shared<const Bytes>(chunkOf(*bytes, at)), entry->checksums[at]};
}

}  // namespace cerium
