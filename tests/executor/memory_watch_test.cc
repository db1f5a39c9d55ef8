// Cerium. Licensed under the Apache License 2.0.
// The decision which task to stop for its memory, with the test's own times and sizes.
#include "executor/memory_watch.h"

#include <catch2/catch.hpp>

namespace cerium {
namespace {

using namespace std::chrono_literals;
using Kind = MemoryWatch::Decision::Kind;

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kLimit = 800 * kMiB;
const MemoryWatch::TimePoint kStart = MemoryWatch::TimePoint() + 1h;

MemoryWatch::TaskHeap heap(int64_t task, int64_t mebibytes) { return {TaskId(task), mebibytes << 20}; }

}  // namespace

TEST_CASE("nothing happens to tasks of a process within its limit, whatever they hold", "[executor][memory]") {
  MemoryWatch watch(kLimit, 2);
  CHECK(watch.look(kLimit, {heap(1, 700)}, kStart).kind == Kind::kNone);
}

TEST_CASE("the task that holds most is stopped, and the others are not", "[executor][memory]") {
  MemoryWatch watch(kLimit, 2);
  const auto decision = watch.look(kLimit + 1, {heap(1, 200), heap(2, 500), heap(3, 90)}, kStart);
  CHECK(decision.kind == Kind::kFail);
  CHECK(decision.task.task == TaskId(2));
  CHECK(decision.task.bytes == int64_t{500} << 20);
  CHECK(watch.look(kLimit + 1, {heap(1, 200), heap(2, 500)}, kStart + 10ms).kind == Kind::kNone);
}

TEST_CASE("no task is stopped for memory that no task holds", "[executor][memory]") {
  MemoryWatch watch(kLimit, 2);
  CHECK(watch.look(2 * kLimit, {heap(1, 20), heap(2, -300)}, kStart).kind == Kind::kNone);
  CHECK(watch.look(2 * kLimit, {}, kStart).kind == Kind::kNone);
}

TEST_CASE("a task that was stopped and goes on taking memory costs the process", "[executor][memory]") {
  MemoryWatch watch(kLimit, 2);
  CHECK(watch.look(kLimit + 1, {heap(1, 500)}, kStart).kind == Kind::kFail);
  CHECK(watch.look(kLimit + 101 * kMiB, {heap(1, 601)}, kStart + 19ms).kind == Kind::kNone);
  const auto decision = watch.look(kLimit + 101 * kMiB, {heap(1, 601), heap(2, 0)}, kStart + 20ms);
  CHECK(decision.kind == Kind::kEndProcess);
  CHECK(decision.task.task == TaskId(1));
}

TEST_CASE("a task that was stopped and keeps what it holds costs the process", "[executor][memory]") {
  MemoryWatch watch(kLimit, 2);
  CHECK(watch.look(kLimit + 1, {heap(1, 500)}, kStart).kind == Kind::kFail);
  CHECK(watch.look(kLimit + 1, {heap(1, 500)}, kStart + 1999ms).kind == Kind::kNone);
  CHECK(watch.look(kLimit + 1, {heap(1, 500)}, kStart + 2s).kind == Kind::kEndProcess);
}

TEST_CASE("once a stopped task is gone the next one is looked at", "[executor][memory]") {
  MemoryWatch watch(kLimit, 2);
  CHECK(watch.look(kLimit + 1, {heap(1, 500), heap(2, 300)}, kStart).kind == Kind::kFail);
  CHECK(watch.look(kLimit - 1, {heap(2, 300)}, kStart + 5ms).kind == Kind::kNone);
  const auto decision = watch.look(kLimit + 1, {heap(2, 400)}, kStart + 3s);
  CHECK(decision.kind == Kind::kFail);
  CHECK(decision.task.task == TaskId(2));
}

TEST_CASE("free pages go back near the limit, ten times a second at most", "[executor][memory]") {
  MemoryWatch watch(kLimit, 2);
  CHECK_FALSE(watch.shouldReturnFree(700 * kMiB, kStart));
  CHECK(watch.shouldReturnFree(701 * kMiB, kStart));
  CHECK_FALSE(watch.shouldReturnFree(900 * kMiB, kStart + 99ms));
  CHECK(watch.shouldReturnFree(900 * kMiB, kStart + 100ms));
}

TEST_CASE("the nearer the limit, the sooner the next look", "[executor][memory]") {
  const MemoryWatch watch(kLimit, 2);
  CHECK(watch.pause(0) == 200ms);
  CHECK(watch.pause(400 * kMiB) == 100ms);
  CHECK(watch.pause(kLimit) == 5ms);
  CHECK(watch.pause(2 * kLimit) == 5ms);
  CHECK(MemoryWatch(size_t{1} << 40, 1).pause(0) == 250ms);
}

}  // namespace cerium
