// Cerium. Licensed under the Apache License 2.0.
// Appends values to raw bytes and reads them with bounds checks. base/serde/codec.h builds on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/util/bytes.h"
#include "base/util/error.h"

namespace cerium {

/// Appends to a Bytes, which must outlive the Writer.
class Writer {
 public:
  explicit Writer(Bytes& out) : out_(&out) {}

  void raw(const void* data, size_t size) { out_->append(data, size); }

  /// Appends a trivially copyable value as it lies in memory. Executors run the same binary, so layouts agree.
  template <class T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    raw(&value, sizeof value);
  }

  /// Appends seven bits a byte, low bits first (LEB128): small counts take one byte.
  void varint(uint64_t value) {
    while (value >= 0x80) {
      put(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    put(static_cast<uint8_t>(value));
  }

  void text(std::string_view value) {
    varint(value.size());
    raw(value.data(), value.size());
  }

  [[nodiscard]] Bytes& bytes() { return *out_; }

 private:
  Bytes* out_;
};

/// Reads from bytes, which must outlive the Reader. A read beyond the end throws CorruptData and allocates nothing.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : at_(bytes.data()), left_(bytes.size()) {}
  explicit Reader(const Bytes& bytes) : Reader(bytes.view()) {}

  [[nodiscard]] size_t left() const { return left_; }
  [[nodiscard]] bool atEnd() const { return left_ == 0; }

  const char* raw(size_t size) {
    if (size > left_) underrun(size);
    const char* place = at_;
    at_ += size;
    left_ -= size;
    return place;
  }

  template <class T>
  T get() {
    static_assert(std::is_trivially_copyable_v<T>);
    if constexpr (std::is_same_v<T, bool>) {  // a bool with a byte other than 0 and 1 is undefined behaviour
      return get<uint8_t>() != 0;
    } else {
      T value;
      std::memcpy(&value, raw(sizeof(T)), sizeof(T));
      return value;
    }
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      auto byte = get<uint8_t>();
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw CorruptData("a count in encoded data has more than 64 bits");
  }

  /// Reads a count of elements of at least `min_bytes` each. Throws before allocation if the remaining bytes cannot
  /// hold so many.
  size_t count(size_t min_bytes = 1) {
    uint64_t n = varint();
    if (n > left_ / min_bytes) underrun(n);
    return n;
  }

  std::string_view text() {
    size_t size = count();
    return {raw(size), size};
  }

 private:
  [[noreturn]] void underrun(uint64_t wanted) const {
    throw CorruptData("encoded data ends early: " + std::to_string(wanted) + " more expected, " +
                      std::to_string(left_) + " bytes left");
  }

  const char* at_;
  size_t left_;
};

}  // namespace cerium
