// Cerium. Licensed under the Apache License 2.0.
#include "rdd/io/decompressor.h"

#include <fmt/format.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <new>
#include <string_view>

#include "base/util/bytes.h"
#include "base/util/error.h"
#include "rdd/io/codec.h"

namespace cerium::io {
namespace {

/// The common part of the three formats: feeds compressed bytes and tells a proper end from a truncated file.
class Decompressor : public ByteSource {
 public:
  Decompressor(const std::string& path, std::string_view format) : file_(path), format_(format) {}

  size_t read(char* out, size_t capacity) override {
    for (;;) {
      if (input_.empty()) refill();
      if (input_.empty() && between_frames_) return 0;
      const size_t before = input_.size();
      const size_t produced = step(input_, out, capacity);
      if (produced > 0) return produced;
      if (input_.empty() && before == 0)
        throw CorruptData(
            fmt::format("{} ends in the middle of its {} data, at offset {}; "
                        "it was cut short, copy or write it again",
                        file_.path(), format_, offset()));
    }
  }
  [[nodiscard]] uint64_t offset() const override { return file_.offset() - input_.size(); }
  [[nodiscard]] uint64_t fileSize() const override { return file_.fileSize(); }

 protected:
  /// Decompresses from the front of `input` to `out` and returns the number of bytes written. Sets between_frames_.
  virtual size_t step(std::string_view& input, char* out, size_t capacity) = 0;

  [[noreturn]] void corrupt(const char* reason) const {
    throw CorruptData(fmt::format("{} has damaged {} data at offset {}: {}; copy or write it again", file_.path(),
                                  format_, offset(), reason == nullptr ? "no reason given" : reason));
  }

  bool between_frames_ = true;

 private:
  void refill() {
    constexpr size_t kInput = 256 << 10;
    buffer_.clear();
    const size_t n = file_.read(buffer_.grow(kInput), kInput);
    input_ = {buffer_.data(), n};
  }

  FileBytes file_;
  std::string_view format_;
  Bytes buffer_;
  std::string_view input_;
};

class Gzip final : public Decompressor {
 public:
  explicit Gzip(const std::string& path) : Decompressor(path, "gzip") {
    constexpr int kWindow = 15;
    constexpr int kGzipHeader = 16;
    if (::inflateInit2(&stream_, kWindow + kGzipHeader) != Z_OK) throw std::bad_alloc();
  }
  ~Gzip() override { ::inflateEnd(&stream_); }

 private:
  size_t step(std::string_view& input, char* out, size_t capacity) override {
    if (between_frames_) ::inflateReset(&stream_);
    between_frames_ = false;
    const auto room = static_cast<uInt>(std::min<size_t>(capacity, std::numeric_limits<uInt>::max()));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = room;
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    input.remove_prefix(input.size() - stream_.avail_in);
    if (result == Z_STREAM_END) {
      between_frames_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {  // Z_BUF_ERROR: it needs more input
      corrupt(stream_.msg);
    }
    return room - stream_.avail_out;
  }

  z_stream stream_{};
};

class Zstd final : public Decompressor {
 public:
  explicit Zstd(const std::string& path) : Decompressor(path, "zstd"), stream_(::ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }
  ~Zstd() override { ::ZSTD_freeDStream(stream_); }

 private:
  size_t step(std::string_view& input, char* out, size_t capacity) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer to{out, capacity, 0};
    const size_t hint = ::ZSTD_decompressStream(stream_, &to, &in);
    input.remove_prefix(in.pos);
    if (::ZSTD_isError(hint)) corrupt(::ZSTD_getErrorName(hint));
    between_frames_ = hint == 0;
    return to.pos;
  }

  ZSTD_DStream* stream_;
};

class Lz4 final : public Decompressor {
 public:
  explicit Lz4(const std::string& path) : Decompressor(path, "lz4") {
    if (::LZ4F_isError(::LZ4F_createDecompressionContext(&context_, LZ4F_VERSION))) throw std::bad_alloc();
  }
  ~Lz4() override { ::LZ4F_freeDecompressionContext(context_); }

 private:
  size_t step(std::string_view& input, char* out, size_t capacity) override {
    size_t taken = input.size();
    size_t produced = capacity;
    const size_t hint = ::LZ4F_decompress(context_, out, &produced, input.data(), &taken, nullptr);
    if (::LZ4F_isError(hint)) corrupt(::LZ4F_getErrorName(hint));
    input.remove_prefix(taken);
    between_frames_ = hint == 0;
    return produced;
  }

  LZ4F_dctx* context_ = nullptr;
};

}  // namespace

std::unique_ptr<ByteSource> openContents(const std::string& path, uint64_t begin) {
  switch (codecOfPath(path)) {
    case Codec::kGzip:
      return std::make_unique<Gzip>(path);
    case Codec::kZstd:
      return std::make_unique<Zstd>(path);
    case Codec::kLz4:
      return std::make_unique<Lz4>(path);
    case Codec::kNone:
      break;
  }
  return std::make_unique<FileBytes>(path, begin);
}

}  // namespace cerium::io
