// Cerium. Licensed under the Apache License 2.0.
// The record that a dying executor writes into its crash pipe.
#include "executor/crash_report.h"
#include "tests/fuzz/fuzz.h"

using namespace cerium;

std::vector<std::string> fuzz::seeds() {
  CrashRecord record;
  record.signal = 11;
  record.frames = 2;
  record.stack[0] = record.base + 0x1000;
  return {std::string(reinterpret_cast<const char*>(&record), sizeof record)};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes written;
  written.append(data, size);
  CrashRecord record;
  if (!readCrashRecord(written, record)) return 0;
  fuzz::check(record.frames >= 0 && record.frames <= CrashRecord::kMaxFrames, "a record with more frames than it has");
  (void)describeStack(record);
  fuzz::decodedWhole();
  return 0;
}
