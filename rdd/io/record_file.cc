// Cerium. Licensed under the Apache License 2.0.
#include "rdd/io/record_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/util/error.h"
#include "base/util/hash.h"

namespace cerium::io {
namespace {

constexpr char kMagic[8] = {'C', 'E', 'R', 'O', 'B', 'J', '1', '\n'};

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  throw IoError(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

}  // namespace

std::string partPath(const std::string& folder, int partition) { return fmt::format("{}/part-{:05}", folder, partition); }

void makeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw IoError("cannot make folder " + path + ": " + error.message());
}

RecordFileWriter::RecordFileWriter(const std::string& folder, int partition, int64_t attempt)
    : path_(partPath(folder, partition)), temporary_(fmt::format("{}/.part-{:05}-{}.tmp", folder, partition, attempt)) {
  file_ = std::fopen(temporary_.c_str(), "wbe");
  if (file_ == nullptr) fail("write", temporary_);
  write(kMagic, sizeof kMagic);
}

RecordFileWriter::~RecordFileWriter() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  ::unlink(temporary_.c_str());
}

void RecordFileWriter::write(const void* data, size_t size) {
  if (size > 0 && std::fwrite(data, 1, size, file_) != size) fail("write", temporary_);
}

void RecordFileWriter::append(const Bytes& run) {
  const uint64_t header[2] = {run.size(), hashBytes(run.data(), run.size())};
  write(header, sizeof header);
  write(run.data(), run.size());
}

void RecordFileWriter::commit() {
  std::FILE* file = std::exchange(file_, nullptr);
  const bool flushed = std::fflush(file) == 0;
  const bool closed = std::fclose(file) == 0;
  if (!flushed || !closed || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int cause = errno;
    ::unlink(temporary_.c_str());
    errno = cause;
    fail("write", path_);
  }
}

RecordFileReader::RecordFileReader(std::string path) : path_(std::move(path)), file_(std::fopen(path_.c_str(), "rbe")) {
  if (file_ == nullptr) fail("read", path_);
  struct stat info {};
  char magic[sizeof kMagic] = {};
  const bool known = ::fstat(::fileno(file_), &info) == 0 && std::fread(magic, 1, sizeof magic, file_) == sizeof magic &&
                     std::memcmp(magic, kMagic, sizeof magic) == 0;
  if (!known) {
    std::fclose(file_);
    throw CorruptData(path_ + " is not a file of records written by saveAsObjectFile");
  }
  left_ = static_cast<uint64_t>(info.st_size) - sizeof magic;
}

RecordFileReader::~RecordFileReader() { std::fclose(file_); }

bool RecordFileReader::next(Bytes& run) {
  if (left_ == 0) return false;
  uint64_t header[2];
  if (left_ < sizeof header || std::fread(header, 1, sizeof header, file_) != sizeof header ||
      header[0] > left_ - sizeof header) {
    throw CorruptData(path_ + " ends in the middle of a run of records");
  }
  run.clear();
  if (std::fread(run.grow(header[0]), 1, header[0], file_) != header[0]) fail("read", path_);
  if (hashBytes(run.data(), run.size()) != header[1]) throw CorruptData(path_ + " has a run that does not match its checksum");
  left_ -= sizeof header + header[0];
  return true;
}

}  // namespace cerium::io
