// Cerium. Licensed under the Apache License 2.0.
// A journal as a killed manager, or a bad disk, may leave it: its head is right half of the time.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "cluster-manager/manager/journal.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cerium;
  static const int file = ::memfd_create("journal", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  std::string text = size > 0 && data[0] % 2 == 0 ? "CERIUMJ1" : "";
  text.append(reinterpret_cast<const char*>(data), size);
  fuzz::check(
      ::ftruncate(file, 0) == 0 && ::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()),
      "the journal cannot be written");
  try {
    const auto contents = cluster_manager::Journal::read(path);
    fuzz::check(contents.damaged_bytes <= text.size(), "more is damaged than there is");
  } catch (const CorruptData&) {
  }
  return 0;
}
