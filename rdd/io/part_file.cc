// Cerium. Licensed under the Apache License 2.0.
#include "rdd/io/part_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/util/descriptor.h"
#include "base/util/error.h"
#include "rdd/io/paths.h"

namespace cerium::io {
namespace {

constexpr size_t kBufferBytes = 64 << 10;

/// Renames unless `to` exists. Returns 0 or errno; EEXIST means that another attempt was first.
int renameNew(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // NFS does not support RENAME_NOREPLACE, but link() fails there if the name exists.
  if (::link(from.c_str(), to.c_str()) == 0) return ::unlink(from.c_str()) == 0 ? 0 : errno;
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  // Some file systems in user space support neither. There the last attempt wins, which holds the same records.
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

std::string attemptPath(const std::string& folder, const std::string& name, int64_t attempt) {
  const std::string temporary = folder + "/_temporary";
  if (::access(temporary.c_str(), F_OK) == 0) return fmt::format("{}/attempt-{}-{}", temporary, attempt, name);
  return fmt::format("{}/.attempt-{}-{}", folder, attempt, name);
}

}  // namespace

std::string partPath(const std::string& folder, int partition) {
  return fmt::format("{}/part-{:05}", localPath(folder), partition);
}

void makeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(localPath(path), error);
  if (error) failIo("make folder", path, error.value());
}

PartFile::PartFile(const std::string& folder, int partition, int64_t attempt, std::string_view suffix)
    : path_(partPath(folder, partition).append(suffix)),
      temporary_(attemptPath(localPath(folder), path_.substr(path_.rfind('/') + 1), attempt)),
      fd_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (fd_ < 0) failIo("write", temporary_);
}

PartFile::~PartFile() { discard(); }

void PartFile::write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() <= kBufferBytes) return buffer_.append(bytes.data(), bytes.size());
  flush();
  if (bytes.size() < kBufferBytes) return buffer_.append(bytes.data(), bytes.size());
  if (const int error = writeAll(fd_, bytes)) fail(error);
}

void PartFile::flush() {
  if (const int error = writeAll(fd_, buffer_.view())) fail(error);
  buffer_.clear();
}

void PartFile::commit() {
  flush();
  // Network file systems report a full disk only in close().
  if (::close(std::exchange(fd_, -1)) != 0) fail(errno);
  const int error = renameNew(temporary_, path_);
  if (error == 0) return;
  if (error != EEXIST) fail(error);
  ::unlink(temporary_.c_str());
}

void PartFile::discard() noexcept {
  if (fd_ < 0) return;
  ::close(std::exchange(fd_, -1));
  ::unlink(temporary_.c_str());
}

void PartFile::fail(int error) {
  discard();
  ::unlink(temporary_.c_str());
  failIo("write", path_, error);
}

}  // namespace cerium::io
