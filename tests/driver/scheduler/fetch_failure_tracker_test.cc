// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/fetch_failure_tracker.h"

#include <catch2/catch.hpp>

namespace cerium {
namespace {
const ExecutorId kSource(7);
const ExecutorId kOther(8);
}  // namespace

TEST_CASE("a source is given up when a second reader cannot reach it", "[driver][fault]") {
  FetchFailureTracker complaints;
  CHECK_FALSE(complaints.add({kSource, ExecutorId(1)}, 4, 0));
  CHECK_FALSE(complaints.add({kSource, ExecutorId(1)}, 4, 10));
  CHECK_FALSE(complaints.add({kOther, ExecutorId(2)}, 4, 20));
  CHECK(complaints.add({kSource, ExecutorId(2)}, 4, 30));
}

TEST_CASE("one reader's complaints suffice when they go on", "[driver][fault]") {
  FetchFailureTracker complaints;
  Millis now = 0;
  for (size_t i = 1; i < FetchFailureTracker::kMost; ++i, now += FetchFailureTracker::kApart) {
    for (int task = 0; task < 16; ++task) CHECK_FALSE(complaints.add({kSource, ExecutorId(1)}, 4, now));
  }
  CHECK(complaints.add({kSource, ExecutorId(1)}, 4, now));
}

TEST_CASE("a task that is tried again and again on the only reader does not wait for more to complain",
          "[driver][fault]") {
  FetchFailureTracker complaints;
  const auto kLast = static_cast<int>(FetchFailureTracker::kMost) - 1;
  for (int attempt = 0; attempt < kLast; ++attempt) {
    for (int task = 0; task < 16; ++task) CHECK_FALSE(complaints.add({kSource, ExecutorId(1), attempt}, 4, 0));
  }
  CHECK(complaints.add({kSource, ExecutorId(1), kLast}, 4, 0));
}

TEST_CASE("of two executors that cannot reach each other one is given up at once, where there is no third",
          "[driver][fault]") {
  FetchFailureTracker complaints;
  const size_t executors = GENERATE(2, 3);
  CHECK_FALSE(complaints.add({kSource, kOther}, executors, 0));
  CHECK(complaints.add({kOther, kSource}, executors, 10) == (executors == 2));
  // What takes the place of one is not blamed for what was said by it and of it.
  complaints.forget(kOther);
  CHECK_FALSE(complaints.add({ExecutorId(9), kSource}, executors, 20));
}

TEST_CASE("complaints of long ago, and of an executor's life before, say nothing", "[driver][fault]") {
  FetchFailureTracker complaints;
  CHECK_FALSE(complaints.add({kSource, ExecutorId(1)}, 4, 0));
  CHECK_FALSE(complaints.add({kSource, ExecutorId(2)}, 4, FetchFailureTracker::kRemembered));
  complaints.forget(kSource);
  CHECK_FALSE(complaints.add({kSource, ExecutorId(1)}, 4, FetchFailureTracker::kRemembered));
}

}  // namespace cerium
