// Cerium. Licensed under the Apache License 2.0.
// Spilled data that a bad disk changed: reading it gives the same bytes or an error.
#include <dirent.h>
#include <unistd.h>

#include <filesystem>

#include "base/storage/spill_space.h"
#include "tests/fuzz/fuzz.h"

using namespace cerium;

namespace {

/// The descriptor of the space's nameless file: the next free number before its first write.
int fileOf(SpillSpace& space) {
  const int next = ::dup(0);
  ::close(next);
  space.free(space.write("first"));
  return next;
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  // Small extents are stored uncompressed, large ones that repeat themselves with lz4.
  return {std::string("\0some bytes", 11), std::string("\0", 1), '\0' + std::string(3000, 'x')};
}

/// data[0]: the number of changes, of three bytes each: the place (two bytes) and a value for the byte there.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static SpillSpace space({std::filesystem::temp_directory_path().string()});
  static const int file = fileOf(space);
  const size_t changes = size > 0 ? data[0] : 0;
  const size_t head = 1 + 3 * changes;
  if (size < head) return 0;
  const std::string_view contents = fuzz::textOf(data + head, size - head);
  const Extent extent = space.write(contents);
  for (const uint8_t* at = data + 1; at + 2 < data + head; at += 3) {
    const uint64_t place = extent.offset + (at[0] + size_t{256} * at[1]) % (extent.stored + 1);
    char byte = 0;
    (void)!::pread(file, &byte, 1, static_cast<off_t>(place));
    byte = static_cast<char>(byte ^ at[2]);
    fuzz::check(::pwrite(file, &byte, 1, static_cast<off_t>(place)) == 1, "the spill file cannot be written");
  }
  try {
    fuzz::check(space.read(extent).view() == contents, "spilled data came back changed");
    fuzz::decodedWhole();
  } catch (const CorruptData&) {
    fuzz::check(changes > 0, "unchanged spilled data is called corrupt");
  }
  space.free(extent);
  return 0;
}
