// Cerium. Licensed under the Apache License 2.0.
// A growable byte buffer. Unlike std::vector<std::byte>, it does not zero bytes before they are written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace cerium {

/// Owned bytes. Moving is cheap; copying copies all bytes. Growth doubles, so appending is amortised O(1).
class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::string_view text) { append(text.data(), text.size()); }
  Bytes(const void* data, size_t size) { append(data, size); }
  Bytes(const Bytes& other) { append(other.data_, other.size_); }
  Bytes(Bytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Bytes& operator=(Bytes other) noexcept {
    swap(other);
    return *this;
  }
  ~Bytes() { std::free(data_); }

  void swap(Bytes& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  [[nodiscard]] const char* data() const { return data_; }
  [[nodiscard]] char* data() { return data_; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }
  void clear() { size_ = 0; }

  void append(const void* data, size_t size) {
    if (size == 0) return;
    std::memcpy(grow(size), data, size);
  }

  /// Adds `size` uninitialised bytes at the end and returns the first of them.
  char* grow(size_t size) {
    reserve(size_ + size);
    char* place = data_ + size_;
    size_ += size;
    return place;
  }

  /// Keeps the first `size` bytes. REQUIRES: size <= size().
  void truncate(size_t size) { size_ = size; }

  void reserve(size_t capacity) {
    if (capacity <= capacity_) return;
    size_t wanted = capacity_ * 2 > capacity ? capacity_ * 2 : capacity;
    if (wanted < 64) wanted = 64;
    void* moved = std::realloc(data_, wanted);
    if (moved == nullptr) throw std::bad_alloc();
    data_ = static_cast<char*>(moved);
    capacity_ = wanted;
  }

  friend bool operator==(const Bytes& a, const Bytes& b) { return a.view() == b.view(); }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace cerium
