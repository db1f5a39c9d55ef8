// Cerium. Licensed under the Apache License 2.0.
#include "rdd/io/record_file.h"

#include <sys/stat.h>

#include <cstring>

#include "base/util/error.h"
#include "base/util/hash.h"
#include "rdd/io/paths.h"

namespace cerium::io {
namespace {

constexpr char kMagic[8] = {'C', 'E', 'R', 'O', 'B', 'J', '1', '\n'};

}  // namespace

RecordFileWriter::RecordFileWriter(const std::string& folder, int partition, int64_t attempt)
    : file_(folder, partition, attempt) {
  file_.write({kMagic, sizeof kMagic});
}

void RecordFileWriter::append(const Bytes& run) {
  const uint64_t header[2] = {run.size(), hashBytes(run.data(), run.size())};
  file_.write({reinterpret_cast<const char*>(header), sizeof header});
  file_.write(run.view());
}

RecordFileReader::RecordFileReader(std::string path) : path_(std::move(path)), file_(std::fopen(path_.c_str(), "rbe")) {
  if (file_ == nullptr) failIo("read", path_);
  struct stat info {};
  char magic[sizeof kMagic] = {};
  const bool known = ::fstat(::fileno(file_), &info) == 0 &&
                     std::fread(magic, 1, sizeof magic, file_) == sizeof magic &&
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
  if (std::fread(run.grow(header[0]), 1, header[0], file_) != header[0]) failIo("read", path_);
  if (hashBytes(run.data(), run.size()) != header[1])
    throw CorruptData(path_ + " has a run that does not match its checksum");
  left_ -= sizeof header + header[0];
  return true;
}

}  // namespace cerium::io
