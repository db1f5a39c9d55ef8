// Cerium. Licensed under the Apache License 2.0.
#include "executor/blocks/broadcast_cache.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "base/util/error.h"

namespace cerium {
namespace {
/// More chunks than this come only from a damaged message; their table would take gigabytes.
constexpr uint64_t kMaxChunks = uint64_t{1} << 22;

// Random, so that executors begin with different chunks and ask different holders.
std::mt19937& random() {
  static thread_local std::mt19937 generator(std::random_device{}());
  return generator;
}
}  // namespace

std::shared_ptr<const Bytes> BroadcastCache::fetch(const protocol::BroadcastInfo& info) {
  const BroadcastId id(info.id);
  const uint64_t n = info.chunk == 0 ? 0 : info.bytes / info.chunk + (info.bytes % info.chunk > 0 ? 1 : 0);
  if (n > kMaxChunks) {
    throw CorruptData("broadcast " + id.str() + " of " + std::to_string(info.bytes) + " bytes comes in " +
                      std::to_string(n) + " chunks; make them larger with cerium.broadcast.blockSize");
  }
  {
    MutexLock lock(mutex_);
    chunks_[id].resize(n);
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random());
  uint64_t got = 0;
  for (size_t index : order) {
    auto chunk = fetchChunk(info, static_cast<int>(index));
    got += chunk.bytes->size();
    MutexLock lock(mutex_);
    chunks_[id].resize(n);
    chunks_[id][index] = std::move(chunk);
  }
  if (got != info.bytes) {
    throw CorruptData("broadcast " + id.str() + " should have " + std::to_string(info.bytes) + " bytes, and " +
                      std::to_string(got) + " came");
  }
  auto whole = std::make_shared<Bytes>();
  whole->reserve(got);
  for (size_t i = 0; i < n; ++i) {
    auto piece = chunk(id, static_cast<int>(i));
    if (!piece) throw IoError("broadcast " + id.str() + " was dropped while it was fetched");
    whole->append(piece.bytes->data(), piece.bytes->size());
  }
  return whole;
}

CheckedBytes BroadcastCache::fetchChunk(const protocol::BroadcastInfo& info, int index) {
  std::vector<protocol::Peer> holders(info.holders.begin() + std::min<size_t>(1, info.holders.size()),
                                      info.holders.end());
  std::shuffle(holders.begin(), holders.end(), random());
  if (!info.holders.empty()) holders.push_back(info.holders.front());
  std::string reasons;
  for (const auto& holder : holders) {
    try {
      return client_.fetch({holder.host, holder.port}, {-1, protocol::OpenBlocks::kBroadcast, info.id, index, {}},
                           nullptr);
    } catch (const IoError& e) {
      reasons += std::string(reasons.empty() ? "" : "; ") + e.what();
    }
  }
  throw IoError("chunk " + std::to_string(index) + " of broadcast " + std::to_string(info.id) +
                " cannot be fetched: " + reasons);
}

CheckedBytes BroadcastCache::chunk(BroadcastId id, int index) const {
  MutexLock lock(mutex_);
  auto found = chunks_.find(id);
  if (found == chunks_.end() || index < 0 || static_cast<size_t>(index) >= found->second.size()) return {};
  return found->second[static_cast<size_t>(index)];
}

void BroadcastCache::drop(BroadcastId id) {
  MutexLock lock(mutex_);
  chunks_.erase(id);
}

}  // namespace cerium
