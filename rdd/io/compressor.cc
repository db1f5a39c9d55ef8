// Cerium. Licensed under the Apache License 2.0.
#include "rdd/io/compressor.h"

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <new>

#include "base/util/error.h"

namespace cerium::io {
namespace {

constexpr size_t kOutput = 64 << 10;

class GzipCompressor final : public Compressor {
 public:
  GzipCompressor() {
    constexpr int kWindow = 15;
    constexpr int kGzipHeader = 16;
    constexpr int kMemory = 8;  // zlib's default
    if (::deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindow + kGzipHeader, kMemory,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~GzipCompressor() override { ::deflateEnd(&stream_); }

  void add(std::string_view input, Bytes& out) override {
    while (!input.empty()) {
      const size_t part = std::min<size_t>(input.size(), std::numeric_limits<uInt>::max());
      run(input.substr(0, part), Z_NO_FLUSH, out);
      input.remove_prefix(part);
    }
  }
  void finish(Bytes& out) override { run({}, Z_FINISH, out); }

 private:
  void run(std::string_view input, int flush, Bytes& out) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out.grow(kOutput));
      stream_.avail_out = kOutput;
      ::deflate(&stream_, flush);
      out.truncate(out.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  z_stream stream_{};
};

class ZstdCompressor final : public Compressor {
 public:
  ZstdCompressor() : stream_(::ZSTD_createCCtx()) {
    if (stream_ == nullptr) throw std::bad_alloc();
    ::ZSTD_CCtx_setParameter(stream_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdCompressor() override { ::ZSTD_freeCCtx(stream_); }

  void add(std::string_view input, Bytes& out) override { run(input, ZSTD_e_continue, out); }
  void finish(Bytes& out) override { run({}, ZSTD_e_end, out); }

 private:
  void run(std::string_view input, ZSTD_EndDirective mode, Bytes& out) {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    size_t left;
    do {
      ZSTD_outBuffer to{out.grow(kOutput), kOutput, 0};
      left = ::ZSTD_compressStream2(stream_, &to, &in, mode);
      if (::ZSTD_isError(left)) throw Error(std::string("zstd cannot compress: ") + ::ZSTD_getErrorName(left));
      out.truncate(out.size() - (kOutput - to.pos));
    } while (mode == ZSTD_e_end ? left > 0 : in.pos < in.size);
  }

  ZSTD_CCtx* stream_;
};

class Lz4Compressor final : public Compressor {
 public:
  Lz4Compressor() {
    if (::LZ4F_isError(::LZ4F_createCompressionContext(&context_, LZ4F_VERSION))) throw std::bad_alloc();
    preferences_.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  }
  ~Lz4Compressor() override { ::LZ4F_freeCompressionContext(context_); }

  void add(std::string_view input, Bytes& out) override {
    begin(out);
    append(out, ::LZ4F_compressBound(input.size(), &preferences_), [&](char* to, size_t room) {
      return ::LZ4F_compressUpdate(context_, to, room, input.data(), input.size(), nullptr);
    });
  }
  void finish(Bytes& out) override {
    begin(out);
    append(out, ::LZ4F_compressBound(0, &preferences_),
           [&](char* to, size_t room) { return ::LZ4F_compressEnd(context_, to, room, nullptr); });
  }

 private:
  void begin(Bytes& out) {
    if (std::exchange(begun_, true)) return;
    append(out, LZ4F_HEADER_SIZE_MAX,
           [&](char* to, size_t room) { return ::LZ4F_compressBegin(context_, to, room, &preferences_); });
  }

  template <class Fn>
  static void append(Bytes& out, size_t room, Fn&& compress) {
    const size_t written = compress(out.grow(room), room);
    if (::LZ4F_isError(written)) throw Error(std::string("lz4 cannot compress: ") + ::LZ4F_getErrorName(written));
    out.truncate(out.size() - (room - written));
  }

  LZ4F_cctx* context_ = nullptr;
  LZ4F_preferences_t preferences_{};
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Compressor> makeCompressor(Codec codec) {
  switch (codec) {
    case Codec::kGzip:
      return std::make_unique<GzipCompressor>();
    case Codec::kZstd:
      return std::make_unique<ZstdCompressor>();
    case Codec::kLz4:
      return std::make_unique<Lz4Compressor>();
    case Codec::kNone:
      break;
  }
  return nullptr;
}

}  // namespace cerium::io
