// Cerium. Licensed under the Apache License 2.0.
// Records of the manager's journal.
#include "base/protocol/journal_records.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace cerium;

Bytes encode(const protocol::JournalRecord& record) { return protocol::encodeRecord(record); }

}  // namespace

std::vector<std::string> cerium::fuzz::seeds() { return seedsOfEachKind<protocol::JournalRecord>(encode); }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::decodeAndBack<protocol::JournalRecord>(data, size, encode, protocol::decodeRecord);
  return 0;
}
