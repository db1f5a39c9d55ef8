// Cerium. Licensed under the Apache License 2.0.
// The flow of records inside a task: pulled in batches, with one virtual call for a batch and none for a record.
#pragma once

#include <memory>

#include "base/serde/codec.h"
#include "base/util/record_buffer.h"

namespace cerium {

/// Some records in a row. `owned`: the reader may move from them; otherwise other readers share them.
template <class T>
struct Batch {
  T* data = nullptr;
  size_t size = 0;
  bool owned = false;
};

/// The size of a batch in bytes, about: large enough to hide the call, small enough to stay in the cache.
inline constexpr size_t kBatchBytes = 64 * 1024;

/// A batch whose records own more heap than this is passed on even if it is not full.
inline constexpr int64_t kBatchHeapBytes = 1024 * 1024;

template <class T>
inline constexpr size_t kBatchRecords = sizeof(T) * 16 > kBatchBytes ? 16 : kBatchBytes / sizeof(T);

/// The part of a stream that its owner needs.
class StreamBase {
 public:
  StreamBase() = default;
  virtual ~StreamBase() = default;
  StreamBase(const StreamBase&) = delete;
  StreamBase& operator=(const StreamBase&) = delete;
};

/// The records of one partition, read once from front to back.
/// Threads: used by the one thread that runs the task.
template <class T>
class Stream : public StreamBase {
 public:
  using record_type = T;

  /// The next records; an empty batch means the end. A batch is valid until the next call.
  virtual Batch<T> next() = 0;

  /// Appends the next records to `out`, possibly none if the source's batch was filtered out. Returns false at the end.
  virtual bool appendNext(RecordBuffer<T>& out) {
    Batch<T> batch = next();
    if (batch.size == 0) return false;
    if (out.capacity() < out.size() + batch.size) {
      const size_t doubled = 2 * out.capacity();
      out.reserve(out.size() + batch.size > doubled ? out.size() + batch.size : doubled);
    }
    for (size_t i = 0; i < batch.size; ++i) {
      if (batch.owned) {
        out.emplace_back(std::move(batch.data[i]));
      } else {
        out.emplace_back(static_cast<const T&>(batch.data[i]));
      }
    }
    return true;
  }
};

/// Owns a stream. A std::unique_ptr would cost the compiler ten times as much for each record type of a program.
template <class T>
class StreamPtr {
 public:
  StreamPtr() = default;
  explicit StreamPtr(Stream<T>* stream) : stream_(stream) {}
  StreamPtr(StreamPtr&& other) noexcept : stream_(other.stream_) { other.stream_ = nullptr; }
  StreamPtr& operator=(StreamPtr&& other) noexcept {
    Stream<T>* old = stream_;
    stream_ = other.stream_;
    other.stream_ = nullptr;
    delete old;
    return *this;
  }
  ~StreamPtr() { delete stream_; }

  Stream<T>* operator->() const { return stream_; }
  explicit operator bool() const { return stream_ != nullptr; }
  void reset() { *this = StreamPtr(); }

 private:
  Stream<T>* stream_ = nullptr;
};

/// A new stream of type S.
template <class S, class... Args>
StreamPtr<typename S::record_type> makeStream(Args&&... args) {
  return StreamPtr<typename S::record_type>(new S(std::forward<Args>(args)...));
}

/// Records in memory that other readers may share. `keep` owns them.
template <class T>
class SharedStream final : public Stream<T> {
 public:
  SharedStream(const T* data, size_t size, std::shared_ptr<const void> keep)
      : data_(const_cast<T*>(data)), left_(size), keep_(std::move(keep)) {}

  Batch<T> next() override {
    // Larger than kBatchBytes, because records are not copied here; the batch only bounds how soon a cancelled task
    // notices.
    constexpr size_t kRecords = 16 * kBatchRecords<T>;
    Batch<T> batch{data_, left_ < kRecords ? left_ : kRecords, false};
    data_ += batch.size;
    left_ -= batch.size;
    return batch;
  }

 private:
  T* data_;
  size_t left_;
  std::shared_ptr<const void> keep_;
};

/// Records of a buffer that this stream alone reads.
template <class T>
class OwnedStream final : public Stream<T> {
 public:
  explicit OwnedStream(RecordBuffer<T> records) : records_(std::move(records)) {}
  Batch<T> next() override {
    if (done_) return {};
    done_ = true;
    return {records_.data(), records_.size(), true};
  }

 private:
  RecordBuffer<T> records_;
  bool done_ = false;
};

/// Two streams, one after the other.
template <class T>
class ConcatStream final : public Stream<T> {
 public:
  ConcatStream(StreamPtr<T> first, StreamPtr<T> second) : first_(std::move(first)), second_(std::move(second)) {}
  Batch<T> next() override {
    if (first_) {
      Batch<T> batch = first_->next();
      if (batch.size > 0) return batch;
      first_.reset();
    }
    return second_->next();
  }

 private:
  StreamPtr<T> first_;
  StreamPtr<T> second_;
};

/// The encoded form of a run of records, in shuffle blocks, cached blocks and spills: a count, then the records.
template <class T>
void encodeRecords(Writer& out, const T* records, size_t size) {
  out.put(static_cast<uint64_t>(size));
  if constexpr (kBitwise<T>) {
    out.raw(records, size * sizeof(T));
  } else {
    for (size_t i = 0; i < size; ++i) encodeValue(out, records[i]);
  }
}

/// The bytes of a piece, about: a cached partition is encoded and written in pieces.
inline constexpr size_t kPieceBytes = size_t{4} << 20;

/// Encodes as many records as make a piece, at least one, and returns how many. REQUIRES: size > 0.
template <class T>
size_t encodePiece(Writer& out, const T* records, size_t size) {
  if constexpr (kBitwise<T>) {
    constexpr size_t kMost = kPieceBytes / sizeof(T) > 0 ? kPieceBytes / sizeof(T) : 1;
    const size_t n = size < kMost ? size : kMost;
    out.bytes().reserve(out.bytes().size() + n * sizeof(T) + sizeof(uint64_t));
    encodeRecords(out, records, n);
    return n;
  } else {
    const size_t begin = out.bytes().size();
    uint64_t n = 0;
    out.put(n);
    while (n < size && out.bytes().size() - begin < kPieceBytes) encodeValue(out, records[n++]);
    std::memcpy(out.bytes().data() + begin, &n, sizeof n);
    return n;
  }
}

/// Appends up to `max` records from `in`; `left` counts the records that remain in the run.
template <class T>
void decodeRecords(Reader& in, uint64_t& left, size_t max, RecordBuffer<T>& out) {
  size_t n = left < max ? static_cast<size_t>(left) : max;
  if constexpr (kBitwise<T>) {
    if (n > in.left() / sizeof(T)) throw CorruptData("a run of records names more of them than it has bytes for");
    if (n == 0) return;  // memcpy must not get a null pointer, even for 0 bytes
    const char* bytes = in.raw(n * sizeof(T));
    std::memcpy(static_cast<void*>(out.growUninitialized(n)), bytes, n * sizeof(T));
  } else {
    for (size_t i = 0; i < n; ++i) out.emplace_back(decodeValue<T>(in));
  }
  left -= n;
}

/// Decodes a run batch by batch. `keep` owns the bytes.
template <class T>
class DecodeStream final : public Stream<T> {
 public:
  DecodeStream(std::string_view bytes, std::shared_ptr<const void> keep) : in_(bytes), keep_(std::move(keep)) {
    left_ = in_.get<uint64_t>();
  }
  Batch<T> next() override {
    batch_.clear();
    if (left_ == 0) return {};
    if constexpr (kBitwise<T>) {
      decodeRecords(in_, left_, kBatchRecords<T>, batch_);
    } else {
      const size_t end = in_.left() < kBatchHeapBytes ? 0 : in_.left() - kBatchHeapBytes;
      while (left_ > 0 && batch_.size() < kBatchRecords<T> && in_.left() >= end) decodeRecords(in_, left_, 1, batch_);
    }
    return {batch_.data(), batch_.size(), true};
  }

 private:
  Reader in_;
  uint64_t left_;
  std::shared_ptr<const void> keep_;
  RecordBuffer<T> batch_;
};

}  // namespace cerium
