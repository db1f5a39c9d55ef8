// Cerium. Licensed under the Apache License 2.0.
// One budget for everything that an executor holds for its program: cached blocks, combine tables, sort runs, shuffle
// output. When the budget is used up, the evictor drops or moves cached blocks; if that is not enough the caller
// spills; if it cannot, the task fails with sizes.
// Tasks that run at the same time share fairly: each of n tasks may hold an n-th of the budget. A task that holds more,
// because it started when fewer ran, is asked to give some back as soon as another task lacks memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <vector>

#include "base/util/mutex.h"

namespace cerium {

class MemoryManager;

/// The bytes that the task on one thread holds. Each thread that runs tasks has one share for all its tasks, one after
/// the other. Threads: used by the task's thread; the manager reads it from others.
class MemoryShare {
 public:
  /// Registers the share with the manager.
  explicit MemoryShare(MemoryManager& manager);
  ~MemoryShare();
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;

  /// The share of the task on this thread; null if the thread runs no task.
  static MemoryShare* current();
  [[nodiscard]] size_t used() const { return used_.load(std::memory_order_relaxed); }
  /// The largest used() since the task began.
  [[nodiscard]] size_t peak() const { return peak_.load(std::memory_order_relaxed); }
  /// used(), and bytes that the task reserved for blocks that outlive it.
  [[nodiscard]] size_t charged() const { return used() + disowned_.load(std::memory_order_relaxed); }
  /// True once another task lacks memory while this one holds more than its part. Operators that can spill do so.
  [[nodiscard]] bool isAskedToShrink() const { return asked_to_shrink_.load(std::memory_order_relaxed); }

 private:
  friend class MemoryManager;
  void grow(size_t bytes);

  MemoryManager& manager_;
  std::atomic<size_t> used_{0};
  std::atomic<size_t> peak_{0};
  std::atomic<size_t> disowned_{0};
  std::atomic<bool> asked_to_shrink_{false};
};

/// Counts bytes against a budget. Threads: all methods may be called from any thread.
class MemoryManager {
 public:
  explicit MemoryManager(size_t budget_bytes) : budget_(budget_bytes) {}

  /// Sets the function that is called when the budget is used up; it frees `wanted` bytes with release(). Set it once,
  /// before use.
  void setEvictor(std::function<void(size_t wanted)> evict) { evict_ = std::move(evict); }

  /// Marks this thread as running a task with the share `share`, as long as the Sharing lives.
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

  /// Takes `bytes` for a task (null: for no task). If they do not fit, asks the evictor, then waits up to 100 ms for
  /// tasks that hold more than their part; after a wait in vain the thread does not wait again for some seconds.
  /// Returns false if the bytes do not fit: the caller must manage with less.
  [[nodiscard]] bool tryReserve(size_t bytes, MemoryShare* share = nullptr);
  /// Takes `bytes` even above the budget, for things that cannot be smaller (one record, one group).
  void reserveAnyway(size_t bytes, MemoryShare* share = nullptr) { count(bytes, share); }
  void release(size_t bytes, MemoryShare* share = nullptr);
  /// The bytes stay reserved but no longer count for the task: for a block that outlives the task.
  void disown(size_t bytes, MemoryShare* share);

  [[nodiscard]] size_t used() const { return used_; }
  [[nodiscard]] size_t budget() const { return budget_; }

 private:
  friend class MemoryShare;
  bool take(size_t bytes, MemoryShare* share);
  void count(size_t bytes, MemoryShare* share);
  [[nodiscard]] bool isWithinPart(size_t bytes, const MemoryShare* share) const;
  bool askOthersToShrink(const MemoryShare* share) CERIUM_REQUIRES(mutex_);
  bool waitForRelease(size_t bytes, MemoryShare* share);

  const size_t budget_;
  std::atomic<size_t> used_{0};
  std::function<void(size_t)> evict_;
  std::atomic<size_t> tasks_{0};
  std::atomic<int> waiting_{0};
  Mutex mutex_;
  CondVar released_;
  std::vector<MemoryShare*> shares_ CERIUM_GUARDED_BY(mutex_);
};

/// Bytes reserved by one holder, in the share of the task on whose thread the Reservation was made. The destructor
/// releases them. Threads: one.
class Reservation {
 public:
  explicit Reservation(MemoryManager& manager) : Reservation(manager, MemoryShare::current()) {}
  /// `share` null: the bytes count for no task.
  Reservation(MemoryManager& manager, MemoryShare* share) : manager_(&manager), share_(share) {}
  Reservation(Reservation&& other) noexcept : manager_(other.manager_), share_(other.share_), bytes_(other.bytes_) {
    other.bytes_ = 0;
  }
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation() { manager_->release(bytes_, share_); }

  /// Makes the reservation `bytes` in all. Returns false, without a change, if that does not fit.
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
  /// Whether the holder should free memory (see MemoryShare) and holds enough to make a spill worthwhile.
  [[nodiscard]] bool isAskedToShrink() const {
    return share_ != nullptr && share_->isAskedToShrink() && bytes_ >= kWorthASpill;
  }
  /// Hands the reserved bytes over to the caller, who must release them.
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
