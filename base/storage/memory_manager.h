// Cerium. Licensed under the Apache License 2.0.
// One budget for everything an executor holds for its program: cached blocks, combine tables, sort runs, shuffle
// output. Relief, in order: drop or move cached blocks (the evictor), then the caller spills, then the task fails with
// sizes.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

namespace cerium {

/// Counts bytes against a budget. Threads: all methods may be called from any thread.
class MemoryManager {
 public:
  explicit MemoryManager(size_t budget_bytes) : budget_(budget_bytes) {}

  /// Called when the budget is used up, to free `wanted` bytes (by release()); set once, before use.
  void setEvictor(std::function<void(size_t wanted)> evict) { evict_ = std::move(evict); }

  /// Takes `bytes` if they fit, after asking the evictor if they do not. False: the caller must do with less.
  [[nodiscard]] bool tryReserve(size_t bytes);
  /// Takes `bytes` even above the budget: for what cannot be had smaller (one record, one group).
  void reserveAnyway(size_t bytes) { used_ += bytes; }
  void release(size_t bytes) { used_ -= bytes; }

  [[nodiscard]] size_t used() const { return used_; }
  [[nodiscard]] size_t budget() const { return budget_; }

 private:
  bool take(size_t bytes);

  const size_t budget_;
  std::atomic<size_t> used_{0};
  std::function<void(size_t)> evict_;
};

/// What one holder has reserved; releases it at the end of its life.
class Reservation {
 public:
  explicit Reservation(MemoryManager& manager) : manager_(&manager) {}
  Reservation(Reservation&& other) noexcept : manager_(other.manager_), bytes_(other.bytes_) { other.bytes_ = 0; }
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation() { manager_->release(bytes_); }

  /// Makes the holding `bytes` in all; false (and unchanged) where that does not fit.
  [[nodiscard]] bool tryResize(size_t bytes) {
    if (bytes > bytes_ && !manager_->tryReserve(bytes - bytes_)) return false;
    if (bytes < bytes_) manager_->release(bytes_ - bytes);
    bytes_ = bytes;
    return true;
  }
  void resizeAnyway(size_t bytes) {
    if (bytes > bytes_) manager_->reserveAnyway(bytes - bytes_);
    if (bytes < bytes_) manager_->release(bytes_ - bytes);
    bytes_ = bytes;
  }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  /// Hands the holding over to the caller, who must release it.
  size_t detach() {
    size_t bytes = bytes_;
    bytes_ = 0;
    return bytes;
  }

 private:
  MemoryManager* manager_;
  size_t bytes_ = 0;
};

}  // namespace cerium
