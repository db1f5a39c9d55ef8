// Cerium. Licensed under the Apache License 2.0.
// Cuts files into partitions, with the arithmetic of Hadoop's TextInputFormat.
#include <sys/stat.h>

#include <algorithm>

#include "rdd/io/codec.h"
#include "rdd/io/paths.h"
#include "rdd/io/text_files.h"

namespace cerium::io {
namespace {

uint64_t sizeOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) failIo("read", path);
  return static_cast<uint64_t>(info.st_size);
}

/// True if cutting off another piece leaves at least a tenth of a piece; a smaller rest stays with the last piece.
bool worthCutting(uint64_t left, uint64_t piece) { return left > piece && (left - piece) > piece / 10; }

}  // namespace

std::vector<FileSplit> planSplits(const std::string& paths, int min_splits, uint64_t max_bytes) {
  std::vector<FileSplit> files;
  uint64_t total = 0;
  for (std::string& path : listFiles(paths)) {
    const uint64_t size = sizeOf(path);
    total += size;
    files.push_back({std::move(path), 0, size});
  }
  if (total == 0 && !files.empty()) return {files.front()};

  const uint64_t goal = total / static_cast<uint64_t>(std::max(1, min_splits));
  const uint64_t piece = std::clamp<uint64_t>(goal, 1, std::max<uint64_t>(1, max_bytes));
  std::vector<FileSplit> splits;
  for (const FileSplit& file : files) {
    if (file.end == 0) continue;
    uint64_t begin = 0;
    if (codecOfPath(file.path) == Codec::kNone) {
      for (; worthCutting(file.end - begin, piece); begin += piece) splits.push_back({file.path, begin, begin + piece});
    }
    splits.push_back({file.path, begin, file.end});
  }
  return splits;
}

}  // namespace cerium::io
