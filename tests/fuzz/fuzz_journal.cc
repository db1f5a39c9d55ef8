// Cerium. Licensed under the Apache License 2.0.
// A journal that a killed manager or a bad disk may leave; half of the inputs have a valid head.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/util/hash.h"
#include "cluster-manager/manager/journal.h"
#include "tests/fuzz/fuzz.h"

using namespace cerium;

namespace {

const std::string kHead = "CERIUMJ2";

std::string recordBytes(const protocol::JournalRecord& record) {
  const Bytes bytes = protocol::encodeRecord(record);
  const auto length = static_cast<uint32_t>(bytes.size());
  const uint64_t checksum = hashBytes(bytes.data(), bytes.size());
  std::string text(reinterpret_cast<const char*>(&length), sizeof length);
  text.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  return text.append(bytes.view());
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  testing::Random random(1);
  std::vector<std::string> all;
  std::string together(1, '\0');
  for (const auto& record : testing::oneOfEach<protocol::JournalRecord>(random)) {
    all.push_back(std::string(1, '\0') + recordBytes(record));
    together += recordBytes(record);
  }
  all.push_back(together);
  return all;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int file = ::memfd_create("journal", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (size < 1) return 0;
  const std::string text = (data[0] % 2 == 0 ? kHead : "") + std::string(fuzz::textOf(data + 1, size - 1));
  fuzz::check(
      ::ftruncate(file, 0) == 0 && ::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()),
      "the journal cannot be written");
  try {
    const auto contents = cluster_manager::Journal::read(path);
    fuzz::check(contents.damaged_bytes <= text.size(), "more is damaged than there is");
    if (contents.damaged_bytes == 0 && !contents.records.empty()) fuzz::decodedWhole();
  } catch (const CorruptData&) {
  }
  return 0;
}
