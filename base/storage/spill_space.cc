// Cerium. Licensed under the Apache License 2.0.
#include "base/storage/spill_space.h"

#include <fcntl.h>
#include <lz4.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/util/error.h"
#include "base/util/hash.h"

namespace cerium {
namespace {

/// Opens a file without a name in `directory`. Returns -1 with errno set on failure.
int openNameless(const std::string& directory) {
  int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
  // The file system has no O_TMPFILE (such as overlayfs of old kernels): make a named file and unlink it at once.
  std::string path = directory + "/cerium-XXXXXX";
  fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd >= 0) ::unlink(path.c_str());
  return fd;
}

bool writeAll(int fd, std::string_view bytes, uint64_t offset) {
  while (!bytes.empty()) {
    ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return true;
}

void punchHole(int fd, uint64_t offset, uint64_t size) {
  if (size == 0) return;
  ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(size));
}

/// lz4 of `bytes` if that saves at least an eighth, else empty. Empty also if the size exceeds lz4's limit (an int).
Bytes compressed(std::string_view bytes) {
  Bytes packed;
  if (bytes.size() < 1024 || bytes.size() > LZ4_MAX_INPUT_SIZE) return packed;
  const int bound = static_cast<int>(bytes.size() - bytes.size() / 8);
  char* place = packed.grow(static_cast<size_t>(bound));
  int n = LZ4_compress_default(bytes.data(), place, static_cast<int>(bytes.size()), bound);
  packed.truncate(static_cast<size_t>(n));
  return packed;
}

}  // namespace

SpillSpace::SpillSpace(std::vector<std::string> directories) : directories_(std::move(directories)) {}

SpillSpace::~SpillSpace() {
  for (const File& file : files_) ::close(file.fd);
}

Extent SpillSpace::write(std::string_view bytes) { return write(bytes, hashBytes(bytes.data(), bytes.size())); }

Extent SpillSpace::write(std::string_view bytes, uint64_t checksum) {
  Bytes packed = compressed(bytes);
  std::string_view stored = packed.empty() ? bytes : packed.view();
  Extent extent = place(stored);
  extent.size = bytes.size();
  extent.checksum = checksum;
  return extent;
}

Extent SpillSpace::place(std::string_view stored) {
  std::string reasons;
  // A device error may not recur at another place of the file, so each folder is tried twice.
  for (uint32_t round = 0; round < 2 * directories_.size(); ++round) {
    const auto i = static_cast<uint32_t>(round % directories_.size());
    if (i == 0) reasons.clear();
    Extent extent{i, 0, stored.size(), 0, 0};
    int fd;
    {
      MutexLock lock(mutex_);
      if (files_.size() <= i) files_.push_back({openNameless(directories_[i]), 0, directories_[i]});
      if (files_[i].fd < 0) files_[i].fd = openNameless(directories_[i]);
      fd = files_[i].fd;
      extent.offset = files_[i].end;
      if (fd >= 0) files_[i].end += stored.size();
    }
    if (fd >= 0 && writeAll(fd, stored, extent.offset)) {
      in_use_ += stored.size();
      written_ += stored.size();
      return extent;
    }
    reasons += (reasons.empty() ? "" : "; ") + directories_[i] + ": " + std::strerror(errno);
    // Free what a full disk took of this write, so that a smaller write may still fit.
    if (fd >= 0) punchHole(fd, extent.offset, extent.stored);
  }
  throw IoError("cannot spill " + std::to_string(stored.size()) + " bytes to disk (" + reasons +
                "); set cerium.local.dir to a folder with space");
}

int SpillSpace::fileOf(const Extent& extent) const {
  MutexLock lock(mutex_);
  return files_.at(extent.file).fd;
}

Bytes SpillSpace::read(const Extent& extent) const {
  try {
    return readOnce(extent);
  } catch (const Error&) {
    // The disk need not be bad: a controller or cable may deliver the right bytes the second time. The page cache is
    // dropped, so that they come from the disk.
    ::posix_fadvise(fileOf(extent), static_cast<off_t>(extent.offset), static_cast<off_t>(extent.stored),
                    POSIX_FADV_DONTNEED);
    return readOnce(extent);
  }
}

Bytes SpillSpace::readOnce(const Extent& extent) const {
  const int fd = fileOf(extent);
  Bytes stored;
  char* place = stored.grow(extent.stored);
  for (uint64_t done = 0; done < extent.stored;) {
    ssize_t n = ::pread(fd, place + done, extent.stored - done, static_cast<off_t>(extent.offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      throw IoError("cannot read spilled data from the disk of " + directories_[extent.file] + ": " +
                    (n == 0 ? "the file ends early" : std::strerror(errno)));
    }
    done += static_cast<uint64_t>(n);
  }
  const auto damaged = [&] {
    return CorruptData("spilled data in " + directories_[extent.file] +
                       " does not match its checksum: the disk is bad");
  };
  if (extent.stored < extent.size) {
    Bytes bytes;
    const int n = LZ4_decompress_safe(stored.data(), bytes.grow(extent.size), static_cast<int>(stored.size()),
                                      static_cast<int>(extent.size));
    if (n < 0 || static_cast<uint64_t>(n) != extent.size) throw damaged();
    stored = std::move(bytes);
  }
  if (hashBytes(stored.data(), stored.size()) != extent.checksum) throw damaged();
  return stored;
}

void SpillSpace::free(const Extent& extent) {
  in_use_ -= extent.stored;
  MutexLock lock(mutex_);
  if (extent.file < files_.size()) punchHole(files_[extent.file].fd, extent.offset, extent.stored);
}

SpilledPtr spill(const std::shared_ptr<SpillSpace>& space, std::string_view bytes) {
  return std::make_shared<const SpilledBytes>(space, space->write(bytes));
}

SpilledPtr spill(const std::shared_ptr<SpillSpace>& space, const CheckedBytes& bytes) {
  return std::make_shared<const SpilledBytes>(space, space->write(bytes.bytes->view(), bytes.checksum));
}

}  // namespace cerium
