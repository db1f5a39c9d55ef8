// Cerium. Licensed under the Apache License 2.0.
// A growable array of records. Unlike std::vector it stores bool as bool, grows bitwise records with realloc, and lets
// a consumer move records out of it.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace cerium {

/// An array of T that grows by doubling. Threads: externally synchronised, as a std::vector.
template <class T>
class RecordBuffer {
  // realloc moves bytes, which is a valid move for types whose copy and destruction are trivial.
  static constexpr bool kRelocatable = std::is_trivially_copy_constructible_v<T> && std::is_trivially_destructible_v<T>;
  // small, because a map side holds thousands of buffers
  static constexpr size_t kFirst = sizeof(T) > 256 ? 1 : 256 / sizeof(T);
  static_assert(alignof(T) <= alignof(std::max_align_t), "cerium: over-aligned record types are not supported");
  static_assert(std::is_nothrow_destructible_v<T>,
                "cerium: the destructor of this record type may throw, which would end the process; make it noexcept");

 public:
  using value_type = T;

  RecordBuffer() = default;
  RecordBuffer(RecordBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  RecordBuffer& operator=(RecordBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  RecordBuffer(const RecordBuffer&) = delete;
  RecordBuffer& operator=(const RecordBuffer&) = delete;
  ~RecordBuffer() {
    clear();
    std::free(data_);
  }

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_t capacity() const { return capacity_; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

  template <class... Args>
  T& emplace_back(Args&&... args) {
    if (size_ == capacity_) [[unlikely]]
      return growAndEmplace(std::forward<Args>(args)...);
    T* place = new (data_ + size_) T(std::forward<Args>(args)...);
    ++size_;
    return *place;
  }
  void push_back(const T& record) { emplace_back(record); }
  void push_back(T&& record) { emplace_back(std::move(record)); }

  void clear() {
    if constexpr (!std::is_trivially_destructible_v<T>) std::destroy_n(data_, size_);
    size_ = 0;
  }

  void reserve(size_t wanted) {
    if (wanted > capacity_) reallocate(wanted);
  }

  /// Adds `n` uninitialised records at the end and returns the first of them. Only for bitwise records.
  T* growUninitialized(size_t n) requires(kRelocatable) {
    if (size_ + n > capacity_) reallocate(size_ + n > 2 * capacity_ ? size_ + n : 2 * capacity_);
    T* place = data_ + size_;
    size_ += n;
    return place;
  }

 private:
  template <class... Args>
  [[gnu::noinline]] T& growAndEmplace(Args&&... args) {
    // made before the reallocation: an argument may refer to a record of this buffer
    T record(std::forward<Args>(args)...);
    reallocate(capacity_ == 0 ? kFirst : capacity_ * 2);
    T* place = new (data_ + size_) T(std::move(record));
    ++size_;
    return *place;
  }

  [[gnu::noinline]] void reallocate(size_t capacity) {
    if constexpr (kRelocatable) {
      void* moved = std::realloc(static_cast<void*>(data_), capacity * sizeof(T));
      if (moved == nullptr) throw std::bad_alloc();
      data_ = static_cast<T*>(moved);
    } else {
      T* fresh = static_cast<T*>(std::malloc(capacity * sizeof(T)));
      if (fresh == nullptr) throw std::bad_alloc();
      std::uninitialized_move_n(data_, size_, fresh);
      std::destroy_n(data_, size_);
      std::free(data_);
      data_ = fresh;
    }
    capacity_ = capacity;
  }

  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace cerium
