// Cerium. Licensed under the Apache License 2.0.
// What a dying executor, or one that only says so, writes into its crash pipe.
#include "executor/crash_report.h"
#include "executor/current_task.h"
#include "tests/fuzz/fuzz.h"

thread_local volatile int64_t cerium::t_current_task = -1;  // the executor's, which is not linked here

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cerium;
  Bytes written;
  written.append(data, size);
  CrashRecord record;
  if (!readCrashRecord(written, record)) return 0;
  fuzz::check(record.frames >= 0 && record.frames <= CrashRecord::kMaxFrames, "a record with more frames than it has");
  (void)describeStack(record);
  return 0;
}
