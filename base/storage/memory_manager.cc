// Cerium. Licensed under the Apache License 2.0.
#include "base/storage/memory_manager.h"

#include <algorithm>
#include <chrono>

namespace cerium {
namespace {
thread_local MemoryShare* t_share = nullptr;
// When the task on this thread may wait again, after a wait that brought no memory.
thread_local std::chrono::steady_clock::time_point t_waits_again;

// Long enough for another task to spill.
constexpr auto kWait = std::chrono::milliseconds(100);
// Not every request waits: the other task may be reading what it holds and cannot spill for a while.
constexpr auto kPause = std::chrono::seconds(5);
}  // namespace

MemoryShare* MemoryShare::current() { return t_share; }

MemoryShare::MemoryShare(MemoryManager& manager) : manager_(manager) {
  MutexLock lock(manager_.mutex_);
  manager_.shares_.push_back(this);
}

MemoryShare::~MemoryShare() {
  MutexLock lock(manager_.mutex_);
  std::erase(manager_.shares_, this);
}

void MemoryShare::grow(size_t bytes) {
  const size_t now = used_ += bytes;
  if (now > peak()) peak_ = now;  // two threads of one task may miss each other's peak by what they take at that moment
}

MemoryManager::Sharing::Sharing(MemoryShare& share) : manager_(share.manager_), outer_(t_share) {
  t_share = &share;
  t_waits_again = {};
  share.disowned_ = 0;
  share.peak_ = share.used();
  share.asked_to_shrink_ = false;
  ++manager_.tasks_;
}

MemoryManager::Sharing::~Sharing() {
  t_share = outer_;
  --manager_.tasks_;
  if (manager_.waiting_ == 0) return;
  MutexLock lock(manager_.mutex_);
  manager_.released_.notifyAll();
}

bool MemoryManager::isWithinPart(size_t bytes, const MemoryShare* share) const {
  if (share == nullptr) return true;
  const size_t tasks = std::max<size_t>(tasks_, 1);
  return share->used() + bytes <= budget_ / tasks;
}

bool MemoryManager::take(size_t bytes, MemoryShare* share) {
  size_t used = used_.load();
  while (bytes <= budget_ && used <= budget_ - bytes) {
    if (!used_.compare_exchange_weak(used, used + bytes)) continue;
    if (share != nullptr) share->grow(bytes);
    return true;
  }
  return false;
}

void MemoryManager::count(size_t bytes, MemoryShare* share) {
  used_ += bytes;
  if (share != nullptr) share->grow(bytes);
}

void MemoryManager::release(size_t bytes, MemoryShare* share) {
  if (bytes == 0) return;
  used_ -= bytes;
  if (share != nullptr) {
    share->used_ -= bytes;
    share->asked_to_shrink_ = false;
  }
  if (waiting_ == 0) return;
  MutexLock lock(mutex_);
  released_.notifyAll();
}

void MemoryManager::disown(size_t bytes, MemoryShare* share) {
  if (share == nullptr) return;
  share->used_ -= bytes;
  share->disowned_ += bytes;
}

bool MemoryManager::tryReserve(size_t bytes, MemoryShare* share) {
  if (!isWithinPart(bytes, share)) return false;
  if (take(bytes, share)) return true;
  if (bytes > budget_) return false;
  if (evict_) {
    evict_(bytes);
    if (take(bytes, share)) return true;
  }
  return share != nullptr && waitForRelease(bytes, share);
}

bool MemoryManager::askOthersToShrink(const MemoryShare* share) {
  bool is_any_asked = false;
  for (MemoryShare* other : shares_) {
    if (other == share || isWithinPart(0, other)) continue;
    other->asked_to_shrink_ = true;
    is_any_asked = true;
  }
  return is_any_asked;
}

bool MemoryManager::waitForRelease(size_t bytes, MemoryShare* share) {
  const auto now = std::chrono::steady_clock::now();
  if (now < t_waits_again) return false;
  MutexLock lock(mutex_);
  if (!askOthersToShrink(share)) return false;
  ++waiting_;
  bool is_taken = false;
  const auto until = now + kWait;
  while (!(is_taken = take(bytes, share)) && released_.waitUntil(mutex_, until)) {
  }
  --waiting_;
  is_taken = is_taken || take(bytes, share);
  if (!is_taken) t_waits_again = std::chrono::steady_clock::now() + kPause;
  return is_taken;
}

}  // namespace cerium
