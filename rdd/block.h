// Cerium. Licensed under the Apache License 2.0.
// A typed run of records behind an untyped handle; caches, shuffles and the network pass it around.
#pragma once

#include <memory>

#include "base/util/erased.h"
#include "rdd/stream.h"

namespace cerium {

/// The operations of untyped code on a RecordBuffer<T>. One constant table for each record type.
struct BlockOps {
  void (*encode)(const void* records, Writer& out);
  /// Encodes records from number `from` on, up to one piece (see encodePiece), and returns how many.
  size_t (*encode_piece)(const void* records, size_t from, Writer& out);
  std::shared_ptr<const void> (*decode)(std::string_view bytes);
  size_t (*count)(const void* records);
  size_t record_size;
  size_t (*memory)(const void* records);  ///< Bytes of the array and of heap that the records own.
};

template <class T>
const BlockOps* blockOps() {
  static constexpr BlockOps kOps = {
      [](const void* records, Writer& out) {
        auto& buffer = *static_cast<const RecordBuffer<T>*>(records);
        if constexpr (kBitwise<T>) out.bytes().reserve(out.bytes().size() + buffer.size() * sizeof(T) + 8);
        encodeRecords(out, buffer.data(), buffer.size());
      },
      [](const void* records, size_t from, Writer& out) {
        auto& buffer = *static_cast<const RecordBuffer<T>*>(records);
        return encodePiece(out, buffer.data() + from, buffer.size() - from);
      },
      [](std::string_view bytes) -> std::shared_ptr<const void> {
        RecordBuffer<T> buffer;
        Reader in(bytes);
        auto left = in.get<uint64_t>();
        if constexpr (kBitwise<T>) buffer.reserve(left < in.left() / sizeof(T) ? left : in.left() / sizeof(T));
        decodeRecords(in, left, left, buffer);
        return shareErased(std::move(buffer));
      },
      [](const void* records) { return static_cast<const RecordBuffer<T>*>(records)->size(); },
      sizeof(T),
      [](const void* records) {
        auto& buffer = *static_cast<const RecordBuffer<T>*>(records);
        size_t bytes = sizeof buffer + buffer.capacity() * sizeof(T);
        if constexpr (!kBitwise<T>) {
          for (const T& record : buffer) bytes += serde::heapBytes(record);
        }
        return bytes;
      },
  };
  return &kOps;
}

/// Shared, immutable records whose type `ops` knows. Copies share the records.
struct TypedBlock {
  std::shared_ptr<const void> records;  ///< A RecordBuffer<T>.
  const BlockOps* ops = nullptr;

  template <class T>
  static TypedBlock of(RecordBuffer<T> buffer) {
    return {shareErased(std::move(buffer)), blockOps<T>()};
  }
  [[nodiscard]] size_t count() const { return ops->count(records.get()); }
  [[nodiscard]] size_t memory() const { return ops->memory(records.get()); }
  [[nodiscard]] Bytes encoded() const {
    Bytes bytes;
    Writer out(bytes);
    ops->encode(records.get(), out);
    return bytes;
  }
};

}  // namespace cerium
