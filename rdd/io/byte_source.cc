// Cerium. Licensed under the Apache License 2.0.
#include "rdd/io/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util/error.h"
#include "rdd/io/paths.h"

namespace cerium::io {

FileBytes::FileBytes(std::string path, uint64_t begin)
    // Without O_NONBLOCK, opening a named pipe would block until a process writes to it.
    : path_(std::move(path)), fd_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), offset_(begin) {
  if (fd_ < 0) failIo("read", path_);
  struct stat info {};
  if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd_);
    throw IoError("cannot read " + path_ + ": it is not a regular file; name a file");
  }
  size_ = static_cast<uint64_t>(info.st_size);
  ::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
}

FileBytes::~FileBytes() { ::close(fd_); }

size_t FileBytes::read(char* out, size_t capacity) {
  for (;;) {
    const ssize_t n = ::pread(fd_, out, capacity, static_cast<off_t>(offset_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) failIo("read at offset " + std::to_string(offset_) + " of", path_);
    offset_ += static_cast<uint64_t>(n);
    return static_cast<size_t>(n);
  }
}

}  // namespace cerium::io
