// Cerium. Licensed under the Apache License 2.0.
#include "executor/blocks/shuffle_store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/util/exception_text.h"
#include "base/util/log.h"

namespace cerium {
namespace {

bool holdsMemory(const MapOutput& output) {
  const auto is_in_memory = [](const ShuffleSegment& segment) { return segment.spilled == nullptr; };
  return std::any_of(output.partitions.begin(), output.partitions.end(),
                     [&](const auto& segments) { return std::any_of(segments.begin(), segments.end(), is_in_memory); });
}

std::shared_ptr<const Bytes> readSpilled(const SpilledBytes& segment, const MapOutputPlace& place) {
  try {
    return std::make_shared<const Bytes>(segment.read());
  } catch (const CorruptData& e) {
    throw FetchFailed(place.shuffle, place.map, place.executor, e.what());
  } catch (const IoError& e) {
    throw FetchFailed(place.shuffle, place.map, place.executor, e.what());
  }
}

}  // namespace

ShuffleStore::~ShuffleStore() {
  for (const auto& [key, held] : outputs_) {
    for (const auto& output : held.attempts) memory_.release(output->reserved);
  }
}

bool ShuffleStore::put(ShuffleId shuffle, int map, MapOutput output, const TaskContext* task) {
  auto fresh = std::make_shared<const MapOutput>(std::move(output));
  MutexLock lock(mutex_);
  if (task != nullptr && task->isInterrupted()) {
    memory_.release(fresh->reserved);
    return false;
  }
  Attempts& attempts = outputs_[{shuffle, map}].attempts;
  for (auto& known : attempts) {
    if (known->checksum != fresh->checksum) continue;
    memory_.release(known->reserved);
    known.swap(fresh);  // swapped, so that the old one is freed after the lock is released
    std::swap(known, attempts.back());
    return true;
  }
  attempts.push_back(std::move(fresh));
  return true;
}

std::shared_ptr<const std::vector<ShuffleSegment>> ShuffleStore::find(ShuffleId shuffle, int map, int reduce,
                                                                      std::optional<uint64_t> checksum) {
  MutexLock lock(mutex_);
  auto found = outputs_.find({shuffle, map});
  if (found == outputs_.end()) return nullptr;
  const auto is_it = [&](const auto& output) { return !checksum || output->checksum == *checksum; };
  const Attempts& attempts = found->second.attempts;
  const auto output = std::find_if(attempts.rbegin(), attempts.rend(), is_it);
  if (output == attempts.rend() || static_cast<size_t>(reduce) >= (*output)->partitions.size()) return nullptr;
  countRead(shuffle, found->second, (*output)->partitions.size());
  return {*output, &(*output)->partitions[static_cast<size_t>(reduce)]};
}

void ShuffleStore::countRead(ShuffleId shuffle, Held& held, size_t partitions) {
  if (++held.times_read % partitions != 0 || (!were_read_.empty() && were_read_.back() == shuffle)) return;
  std::erase(were_read_, shuffle);
  were_read_.push_back(shuffle);
  if (were_read_.size() > kWarm) is_any_cold_ = true;
  if (read_once_.contains(shuffle)) cool(shuffle);
}

void ShuffleStore::cool(ShuffleId shuffle) {
  if (std::erase(were_read_, shuffle) == 0) return;  // not read yet
  cold_.push_back(shuffle);
  is_any_cold_ = true;
}

void ShuffleStore::markReadOnce(ShuffleId shuffle) {
  MutexLock lock(mutex_);
  if (read_once_.insert(shuffle).second) cool(shuffle);
}

ShuffleStore::Outputs ShuffleStore::inMemory(std::optional<ShuffleId> shuffle) const {
  Outputs found;
  MutexLock lock(mutex_);
  for (auto at = shuffle ? outputs_.lower_bound({*shuffle, 0}) : outputs_.begin(); at != outputs_.end(); ++at) {
    if (shuffle && at->first.first != *shuffle) break;
    for (const auto& output : at->second.attempts) {
      if (holdsMemory(*output)) found.emplace_back(at->first, output);
    }
  }
  return found;
}

void ShuffleStore::moveToDisk(const std::shared_ptr<SpillSpace>& disk) {
  for (const auto& [key, output] : inMemory()) moveToDisk(key, output, disk);
}

void ShuffleStore::evict(size_t wanted, const std::shared_ptr<SpillSpace>& disk) {
  MutexLock one(evicting_);
  evict(inMemory(), wanted, disk);
}

void ShuffleStore::evictCold(const std::shared_ptr<SpillSpace>& disk) {
  if (!is_any_cold_.exchange(false)) return;
  MutexLock one(evicting_);
  for (ShuffleId shuffle : takeCold()) {
    evict(inMemory(shuffle), std::numeric_limits<size_t>::max(), disk);
  }
}

/// The shuffles whose output is moved to disk; none while they hold little memory.
std::vector<ShuffleId> ShuffleStore::takeCold() {
  size_t bytes = 0;
  std::vector<ShuffleId> cold;
  {
    MutexLock lock(mutex_);
    for (; were_read_.size() > kWarm; were_read_.pop_front()) cold_.push_back(were_read_.front());
    cold = cold_;
  }
  for (ShuffleId shuffle : cold) {
    for (const auto& [key, output] : inMemory(shuffle)) bytes += output->reserved;
  }
  if (bytes < kColdBytes) return {};
  MutexLock lock(mutex_);
  cold_.clear();
  return cold;
}

void ShuffleStore::evict(const Outputs& outputs, size_t wanted, const std::shared_ptr<SpillSpace>& disk) {
  size_t freed = 0;
  for (const auto& [key, output] : outputs) {
    if (freed >= wanted) return;
    const auto thrown = guarded([&, &moving = key, &what = output] { moveToDisk(moving, what, disk); });
    if (!thrown) {
      freed += output->reserved;
    } else {
      log::warn("output {} of shuffle {} stays in memory, because it cannot be written to disk: {}", key.second,
                key.first.value, thrown->str());
    }
  }
}

void ShuffleStore::moveToDisk(const Key& key, const std::shared_ptr<const MapOutput>& output,
                              const std::shared_ptr<SpillSpace>& disk) {
  MapOutput moved = *output;
  for (auto& segments : moved.partitions) {
    for (ShuffleSegment& segment : segments) {
      if (!segment.spilled) segment = {{}, spill(disk, segment.block.encoded().view())};
    }
  }
  const size_t reserved = std::exchange(moved.reserved, 0);
  MutexLock lock(mutex_);
  auto found = outputs_.find(key);
  if (found == outputs_.end()) return;  // dropped and released meanwhile
  Attempts& attempts = found->second.attempts;
  const auto place = std::find(attempts.begin(), attempts.end(), output);
  if (place == attempts.end()) return;  // replaced meanwhile
  *place = std::make_shared<const MapOutput>(std::move(moved));
  memory_.release(reserved);
}

void ShuffleStore::drop(ShuffleId shuffle) {
  std::vector<Attempts> dropped;  // declared before the lock, so freed after it is released
  MutexLock lock(mutex_);
  for (auto at = outputs_.lower_bound({shuffle, 0}); at != outputs_.end() && at->first.first == shuffle;) {
    for (const auto& output : at->second.attempts) memory_.release(output->reserved);
    dropped.push_back(std::move(at->second.attempts));
    at = outputs_.erase(at);
  }
  std::erase(were_read_, shuffle);
  std::erase(cold_, shuffle);
  read_once_.erase(shuffle);
}

FetchedSegment readLocal(TaskContext& task, const ShuffleSegment& segment, const MapOutputPlace& place) {
  ++task.metrics().local_blocks_read;
  if (segment.spilled) {
    auto bytes = readSpilled(*segment.spilled, place);
    task.metrics().shuffle_bytes_read += static_cast<int64_t>(bytes->size());
    return {{}, std::move(bytes)};
  }
  task.metrics().shuffle_bytes_read += static_cast<int64_t>(segment.block.count() * segment.block.ops->record_size);
  return {segment.block, nullptr};
}

}  // namespace cerium
