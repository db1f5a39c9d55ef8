// Cerium. Licensed under the Apache License 2.0.
// Cuts the bytes of a split into lines.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/util/bytes.h"
#include "base/util/error.h"
#include "rdd/io/codec.h"
#include "rdd/io/decompressor.h"
#include "rdd/io/text_files.h"

namespace cerium::io {
namespace {

constexpr size_t kBlockBytes =
    256 << 10;  ///< The size of a read. It fits into the second-level cache, so lines are cut from cached bytes.
// The size of a read after the end of the split, for the rest of its last line.
constexpr size_t kTailBytes = 64 << 10;
/// A longer line means that the file is not text, or a small .gz made to exhaust memory.
constexpr size_t kMaxLineBytes = size_t{1} << 30;

}  // namespace

class LineReader::Impl {
 public:
  explicit Impl(const FileSplit& split)
      : path_(split.path),
        compressed_(codecOfPath(split.path) != Codec::kNone),
        end_(compressed_ && split.end > 0 ? std::numeric_limits<uint64_t>::max() : split.end),
        first_offset_(compressed_ || split.begin == 0 ? 0 : split.begin - 1),
        buffer_offset_(first_offset_),
        source_(openContents(path_, buffer_offset_)) {
    buffer_.reserve(kBlockBytes);
    // The byte before the split belongs to a line of the previous split. That line ends there if the byte is LF.
    std::string_view skipped;
    if (!compressed_ && split.begin > 0) nextLine(skipped);
    first_line_ = buffer_offset_ + at_;
  }

  size_t next(std::vector<std::string>& lines, size_t max) {
    size_t returned = 0;
    for (std::string_view line; returned < max && nextLine(line); ++returned) {
      if (returned < lines.size()) {
        lines[returned].assign(line);
      } else {
        lines.emplace_back(line);
      }
    }
    return returned;
  }

  /// Bytes of the file in this split's lines; bytes read ahead count for the next split.
  [[nodiscard]] int64_t bytesRead() const {
    return static_cast<int64_t>(compressed_ ? source_->offset() : buffer_offset_ + at_ - first_line_);
  }

 private:
  /// The next line that begins before the end of the split. Valid until the next call.
  bool nextLine(std::string_view& line) {
    if (buffer_offset_ + at_ >= end_) return false;
    for (;;) {
      const char* begin = buffer_.data() + at_;
      const size_t size = buffer_.size() - at_;
      if (const void* found = std::memchr(begin + scanned_, '\n', size - scanned_)) {
        const size_t length = static_cast<size_t>(static_cast<const char*>(found) - begin);
        at_ += length + 1;
        scanned_ = 0;
        line = {begin, length > 0 && begin[length - 1] == '\r' ? length - 1 : length};
        return true;
      }
      scanned_ = size;
      if (fill()) continue;
      line = {buffer_.data() + at_, size};
      at_ += size;
      scanned_ = 0;
      return size > 0;
    }
  }

  /// Reads more of the current line. Returns false at the end of the file.
  bool fill() {
    if (at_ > 0) {
      const size_t left = buffer_.size() - at_;
      std::memmove(buffer_.data(), buffer_.data() + at_, left);
      buffer_.truncate(left);
      buffer_offset_ += at_;
      at_ = 0;
    }
    if (buffer_.size() > kMaxLineBytes) {
      throw IoError(
          fmt::format("{} has a line of more than {} bytes at offset {}; it is not a text file, read it with "
                      "binaryFiles",
                      path_, kMaxLineBytes, buffer_offset_));
    }
    const size_t filled = buffer_.size();
    const size_t wanted = nextReadSize(buffer_offset_ + filled);
    const size_t n = source_->read(buffer_.grow(wanted), wanted);
    buffer_.truncate(filled + n);
    if (n == 0 && !compressed_ && buffer_offset_ + filled < end_) {
      throw IoError(
          fmt::format("{} ends at byte {}, but had {} when the job was planned; it was changed while being read, "
                      "run the job again",
                      path_, buffer_offset_ + filled, end_));
    }
    return n > 0;
  }

  [[nodiscard]] size_t nextReadSize(uint64_t offset) const {
    return offset < end_ ? static_cast<size_t>(std::min<uint64_t>(kBlockBytes, end_ - offset)) : kTailBytes;
  }

  std::string path_;
  bool compressed_;
  uint64_t end_;             ///< Lines that begin here or later belong to another split. In decompressed bytes.
  uint64_t first_offset_;    ///< The offset in the file at which reading began.
  uint64_t first_line_ = 0;  ///< The offset of the split's first line.
  uint64_t buffer_offset_;   ///< The offset of the buffer's first byte, in decompressed bytes.
  std::unique_ptr<ByteSource> source_;
  Bytes buffer_;
  size_t at_ = 0;       ///< The place in the buffer of the next line.
  size_t scanned_ = 0;  ///< Bytes after at_ that are known to hold no LF.
};

LineReader::LineReader(const FileSplit& split) : impl_(std::make_unique<Impl>(split)) {}
LineReader::~LineReader() = default;
size_t LineReader::next(std::vector<std::string>& lines, size_t max) { return impl_->next(lines, max); }
int64_t LineReader::bytesRead() const { return impl_->bytesRead(); }

}  // namespace cerium::io
