// Cerium. Licensed under the Apache License 2.0.
// One budget for everything an executor holds for its program: cached blocks, combine tables, sort runs, shuffle
// output. Relief, in order: drop or move cached blocks (the evictor), then the caller spills, then the task fails with
// sizes.
// Tasks that run at the same time share fairly: of n tasks none holds more than an n-th of the budget, and one that
// holds more, as it came when there were fewer, is asked to give back what a later one lacks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace cerium {

class MemoryManager;

/// What the task on one thread holds of the budget; each thread that runs tasks has one for all of them, as it runs one
/// at a time. Threads: used by the task's thread; the manager asks it from others.
class MemoryShare {
 public:
  /// Makes it known to the manager.
  explicit MemoryShare(MemoryManager& manager);
  ~MemoryShare();
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;

  /// Of the task on this thread; null on a thread that runs none.
  static MemoryShare* current();
  [[nodiscard]] size_t used() const { return used_.load(std::memory_order_relaxed); }
  /// used(), and all that it reserved for blocks that stay.
  [[nodiscard]] size_t charged() const { return used() + disowned_.load(std::memory_order_relaxed); }
  /// True once another task lacks memory of which this one holds more than its part: operators that can, spill.
  [[nodiscard]] bool isAskedToShrink() const { return asked_to_shrink_.load(std::memory_order_relaxed); }

 private:
  friend class MemoryManager;
  MemoryManager& manager_;
  std::atomic<size_t> used_{0};
  std::atomic<size_t> disowned_{0};
  std::atomic<bool> asked_to_shrink_{false};
};

/// Counts bytes against a budget. Threads: all methods may be called from any thread.
class MemoryManager {
 public:
  explicit MemoryManager(size_t budget_bytes) : budget_(budget_bytes) {}

  /// Called when the budget is used up, to free `wanted` bytes (by release()); set once, before use.
  void setEvictor(std::function<void(size_t wanted)> evict) { evict_ = std::move(evict); }

  /// While it lives, a task runs on this thread, whose share is `share`.
  class Sharing {
   public:
    explicit Sharing(MemoryShare& share);
    ~Sharing();
    Sharing(const Sharing&) = delete;
    Sharing& operator=(const Sharing&) = delete;

   private:
    MemoryManager& manager_;
    MemoryShare* outer_;
  };

  /// Takes `bytes` for a task (null: for no task) if they fit. If they do not, it asks the evictor, then waits up to a
  /// tenth of a second for tasks that hold more than their part; a wait in vain is not repeated for some seconds.
  /// False: the caller must do with less.
  [[nodiscard]] bool tryReserve(size_t bytes, MemoryShare* share = nullptr);
  /// Takes `bytes` even above the budget: for what cannot be had smaller (one record, one group).
  void reserveAnyway(size_t bytes, MemoryShare* share = nullptr) { count(bytes, share); }
  void release(size_t bytes, MemoryShare* share = nullptr);
  /// The bytes are the task's no more, but still held: for a block that stays when the task has ended.
  void disown(size_t bytes, MemoryShare* share);

  [[nodiscard]] size_t used() const { return used_; }
  [[nodiscard]] size_t budget() const { return budget_; }

 private:
  friend class MemoryShare;
  bool take(size_t bytes, MemoryShare* share);
  void count(size_t bytes, MemoryShare* share);
  [[nodiscard]] bool isWithinPart(size_t bytes, const MemoryShare* share) const;
  bool askOthersToShrink(const MemoryShare* share);
  bool waitForRelease(size_t bytes, MemoryShare* share);

  const size_t budget_;
  std::atomic<size_t> used_{0};
  std::function<void(size_t)> evict_;
  std::atomic<size_t> tasks_{0};
  std::atomic<int> waiting_{0};
  std::mutex mutex_;
  std::condition_variable released_;
  std::vector<MemoryShare*> shares_;  // guarded by mutex_
};

/// What one holder has reserved, in the share of the task on whose thread it was made; releases it at the end of its
/// life. Threads: one.
class Reservation {
 public:
  explicit Reservation(MemoryManager& manager) : Reservation(manager, MemoryShare::current()) {}
  /// `share` null: in no task's share.
  Reservation(MemoryManager& manager, MemoryShare* share) : manager_(&manager), share_(share) {}
  Reservation(Reservation&& other) noexcept : manager_(other.manager_), share_(other.share_), bytes_(other.bytes_) {
    other.bytes_ = 0;
  }
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation() { manager_->release(bytes_, share_); }

  /// Makes the holding `bytes` in all; false (and unchanged) where that does not fit.
  [[nodiscard]] bool tryResize(size_t bytes) {
    if (bytes > bytes_ && !manager_->tryReserve(bytes - bytes_, share_)) return false;
    if (bytes < bytes_) manager_->release(bytes_ - bytes, share_);
    bytes_ = bytes;
    return true;
  }
  void resizeAnyway(size_t bytes) {
    if (bytes > bytes_) manager_->reserveAnyway(bytes - bytes_, share_);
    if (bytes < bytes_) manager_->release(bytes_ - bytes, share_);
    bytes_ = bytes;
  }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  /// Whether the holder should give back what it can (see MemoryShare), and whether that is worth a spill.
  [[nodiscard]] bool isAskedToShrink() const {
    return share_ != nullptr && share_->isAskedToShrink() && bytes_ >= kWorthASpill;
  }
  /// Hands the holding over to the caller, who must release it.
  size_t detach() {
    const size_t bytes = bytes_;
    manager_->disown(bytes, share_);
    bytes_ = 0;
    return bytes;
  }

 private:
  static constexpr size_t kWorthASpill = size_t{1} << 20;

  MemoryManager* manager_;
  MemoryShare* share_;
  size_t bytes_ = 0;
};

}  // namespace cerium
