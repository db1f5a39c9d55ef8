// Cerium. Licensed under the Apache License 2.0.
// Disk space of one executor for what does not fit into memory: spilled tables and runs, shuffle output, cached blocks.
// The file has no name: the system frees it with the process, however that ends, so nothing is ever left behind.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/util/bytes.h"
#include "base/util/checked_bytes.h"

namespace cerium {

/// A written run of bytes; plain data. `stored` bytes on disk are `size` bytes once read.
struct Extent {
  uint32_t file = 0;
  uint64_t offset = 0;
  uint64_t stored = 0;
  uint64_t size = 0;
  uint64_t checksum = 0;  ///< XXH3 of what was written, before it was compressed.
};

/// Threads: all methods may be called from any thread; writes and reads of different extents run at the same time.
class SpillSpace {
 public:
  /// `directories`: tried in turn, and once more, when one is full or broken. Files are made at the first write.
  explicit SpillSpace(std::vector<std::string> directories);
  ~SpillSpace();

  /// Writes the bytes, compressed with lz4 where that gains an eighth. Throws IoError (folder, size and the system's
  /// reason) when no folder takes them; what was written before stays readable.
  Extent write(std::string_view bytes);
  /// The same for bytes that came with the checksum of whoever made them, which stays with them.
  Extent write(std::string_view bytes, uint64_t checksum);
  /// Reads an extent back, a second time where the first fails. Throws CorruptData where the checksum does not match,
  /// IoError where the disk fails.
  [[nodiscard]] Bytes read(const Extent& extent) const;
  /// Gives the space back to the file system.
  void free(const Extent& extent);

  /// Bytes on disk now, and written in all.
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
  mutable std::mutex mutex_;
  std::vector<File> files_;  // guarded by mutex_; one a directory
  std::atomic<uint64_t> in_use_{0};
  std::atomic<uint64_t> written_{0};
};

/// An extent that is freed with its last handle.
class SpilledBytes {
 public:
  SpilledBytes(std::shared_ptr<SpillSpace> space, Extent extent) : space_(std::move(space)), extent_(extent) {}
  ~SpilledBytes() { space_->free(extent_); }
  SpilledBytes(const SpilledBytes&) = delete;
  SpilledBytes& operator=(const SpilledBytes&) = delete;

  [[nodiscard]] Bytes read() const { return space_->read(extent_); }
  /// With the checksum that was written.
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
