// Cerium. Licensed under the Apache License 2.0.
#include "driver/fetch_complaints.h"

#include <catch2/catch.hpp>

namespace cerium {
namespace {
const ExecutorId kSource(7);
const ExecutorId kOther(8);
}  // namespace

TEST_CASE("a source is given up when a second reader cannot reach it", "[driver][fault]") {
  FetchComplaints complaints;
  CHECK_FALSE(complaints.add(kSource, ExecutorId(1), 0));
  CHECK_FALSE(complaints.add(kSource, ExecutorId(1), 10));
  CHECK_FALSE(complaints.add(kOther, ExecutorId(2), 20));
  CHECK(complaints.add(kSource, ExecutorId(2), 30));
}

TEST_CASE("one reader's complaints suffice when they go on", "[driver][fault]") {
  FetchComplaints complaints;
  Millis now = 0;
  for (size_t i = 1; i < FetchComplaints::kMost; ++i, now += FetchComplaints::kApart) {
    for (int task = 0; task < 16; ++task) CHECK_FALSE(complaints.add(kSource, ExecutorId(1), now));
  }
  CHECK(complaints.add(kSource, ExecutorId(1), now));
}

TEST_CASE("complaints of long ago, and of an executor's life before, say nothing", "[driver][fault]") {
  FetchComplaints complaints;
  CHECK_FALSE(complaints.add(kSource, ExecutorId(1), 0));
  CHECK_FALSE(complaints.add(kSource, ExecutorId(2), FetchComplaints::kRemembered));
  complaints.forget(kSource);
  CHECK_FALSE(complaints.add(kSource, ExecutorId(1), FetchComplaints::kRemembered));
}

}  // namespace cerium
