// Cerium. Licensed under the Apache License 2.0.
// An executor's disk space for data that does not fit into memory: spilled tables and runs, shuffle output, cached
// blocks. The files have no names: the system frees them when the process ends, in whatever way.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/util/bytes.h"
#include "base/util/checked_bytes.h"
#include "base/util/mutex.h"

namespace cerium {

/// Where a written run of bytes lies. `stored` bytes on disk become `size` bytes when read.
struct Extent {
  uint32_t file = 0;
  uint64_t offset = 0;
  uint64_t stored = 0;
  uint64_t size = 0;
  uint64_t checksum = 0;  ///< XXH3 of the bytes before compression.
};

/// Files for spilled data, one in each folder. Threads: all methods may be called from any thread; different extents
/// are written and read at the same time.
class SpillSpace {
 public:
  /// `directories` are tried in turn, twice, if one is full or broken. Files are made at the first write.
  explicit SpillSpace(std::vector<std::string> directories);
  ~SpillSpace();

  /// Writes the bytes, compressed with lz4 if that saves an eighth. Throws IoError (folder, size, the system's reason)
  /// if no folder takes them; earlier extents stay readable.
  Extent write(std::string_view bytes);
  /// Writes bytes whose maker has computed their checksum; the extent keeps that checksum.
  Extent write(std::string_view bytes, uint64_t checksum);
  /// Reads an extent, a second time if the first try fails. Throws CorruptData if the checksum does not match, and
  /// IoError if the disk fails.
  [[nodiscard]] Bytes read(const Extent& extent) const;
  /// Returns the space to the file system.
  void free(const Extent& extent);

  /// Bytes on disk now, and bytes written since the start.
  [[nodiscard]] uint64_t bytesInUse() const { return in_use_; }
  [[nodiscard]] uint64_t bytesWritten() const { return written_; }

 private:
  struct File {
    int fd = -1;
    uint64_t end = 0;
    std::string directory;
  };
  Extent place(std::string_view stored);
  [[nodiscard]] Bytes readOnce(const Extent& extent) const;
  [[nodiscard]] int fileOf(const Extent& extent) const;

  const std::vector<std::string> directories_;
  mutable Mutex mutex_;
  std::vector<File> files_ CERIUM_GUARDED_BY(mutex_);  // one a directory
  std::atomic<uint64_t> in_use_{0};
  std::atomic<uint64_t> written_{0};
};

/// Owns an extent and frees it.
class SpilledBytes {
 public:
  SpilledBytes(std::shared_ptr<SpillSpace> space, Extent extent) : space_(std::move(space)), extent_(extent) {}
  ~SpilledBytes() { space_->free(extent_); }
  SpilledBytes(const SpilledBytes&) = delete;
  SpilledBytes& operator=(const SpilledBytes&) = delete;

  [[nodiscard]] Bytes read() const { return space_->read(extent_); }
  /// The bytes with the checksum that they were written with.
  [[nodiscard]] CheckedBytes readChecked() const { return {std::make_shared<const Bytes>(read()), extent_.checksum}; }
  [[nodiscard]] uint64_t size() const { return extent_.size; }

 private:
  std::shared_ptr<SpillSpace> space_;
  Extent extent_;
};

using SpilledPtr = std::shared_ptr<const SpilledBytes>;

/// Writes `bytes` and returns the handle that owns them.
SpilledPtr spill(const std::shared_ptr<SpillSpace>& space, std::string_view bytes);
SpilledPtr spill(const std::shared_ptr<SpillSpace>& space, const CheckedBytes& bytes);

}  // namespace cerium
