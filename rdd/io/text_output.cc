// Cerium. Licensed under the Apache License 2.0.
// Folders of output: the driver makes them when the job begins, tasks fill them, and the driver marks them complete.
#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>

#include "base/util/error.h"
#include "rdd/io/codec.h"
#include "rdd/io/compressor.h"
#include "rdd/io/part_file.h"
#include "rdd/io/paths.h"
#include "rdd/io/text_files.h"

namespace cerium::io {
namespace {

std::string temporaryFolder(const std::string& path) { return localPath(path) + "/_temporary"; }

}  // namespace

void beginOutput(const std::string& path) {
  std::filesystem::path folder = localPath(path);
  if (!folder.has_filename()) folder = folder.parent_path();  // "out/" means "out"
  if (folder.has_parent_path()) makeFolder(folder.parent_path().string());
  if (::mkdir(folder.c_str(), 0777) != 0) {
    if (errno != EEXIST) failIo("make folder", folder.string());
    throw IoError(
        fmt::format("cannot write to {}: it exists already; remove it or choose another folder", folder.string()));
  }
  makeFolder(temporaryFolder(path));
}

void checkCodec(const std::string& codec) { (void)codecNamed(codec); }

void finishOutput(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(temporaryFolder(path), error);
  if (error) failIo("remove", temporaryFolder(path), error.value());
  const std::string success = localPath(path) + "/_SUCCESS";
  std::FILE* file = std::fopen(success.c_str(), "we");
  if (file == nullptr || std::fclose(file) != 0) failIo("write", success);
}

void abandonOutput(const std::string& path) noexcept {
  std::error_code ignored;  // the job has failed already, and its reason matters more than a leftover folder
  std::filesystem::remove_all(temporaryFolder(path), ignored);
}

class TextPartWriter::Impl {
 public:
  Impl(const std::string& path, int partition, int64_t attempt, Codec codec)
      : file_(path, partition, attempt, suffixOf(codec)), compressor_(makeCompressor(codec)) {}

  void line(std::string_view text) {
    text_.append(text.data(), text.size());
    text_.append("\n", 1);
    if (text_.size() >= kTextBytes) flush();
  }

  void commit() {
    flush();
    if (compressor_) {
      compressor_->finish(packed_);
      file_.write(packed_.view());
    }
    file_.commit();
  }

 private:
  static constexpr size_t kTextBytes = 64 << 10;  ///< Large enough to make a call of a compressor or of write() cheap.

  void flush() {
    if (compressor_) {
      compressor_->add(text_.view(), packed_);
      file_.write(packed_.view());
      packed_.clear();
    } else {
      file_.write(text_.view());
    }
    text_.clear();
  }

  PartFile file_;
  std::unique_ptr<Compressor> compressor_;
  Bytes text_;
  Bytes packed_;
};

TextPartWriter::TextPartWriter(const std::string& path, int partition, int64_t attempt, const std::string& codec)
    : impl_(std::make_unique<Impl>(path, partition, attempt, codecNamed(codec))) {}
TextPartWriter::~TextPartWriter() = default;
void TextPartWriter::line(std::string_view text) { impl_->line(text); }
void TextPartWriter::commit() { impl_->commit(); }

}  // namespace cerium::io
