// Cerium. Licensed under the Apache License 2.0.
// Records of the manager's journal.
#include "base/protocol/journal_records.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cerium;
  fuzz::decodeAndBack<protocol::JournalRecord>(
      data, size, [](const auto& record) { return protocol::encodeRecord(record); },
      [](const Bytes& frame) { return protocol::decodeRecord(frame); });
  return 0;
}
