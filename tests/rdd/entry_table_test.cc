// Cerium. Licensed under the Apache License 2.0.
// Functions by name: registered ones are found, and invented numbers never become functions.
#include "rdd/entry_table.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "base/util/error.h"

namespace cerium {
namespace {

int nodeEntry(int x) { return x + 1; }
int taskEntry(int x) { return x + 2; }
[[gnu::noinline]] int plainFunction(int x) { return x * x + 3; }

using NodeEntry = Entry<EntryKind::kNode, nodeEntry>;
using TaskEntry = Entry<EntryKind::kTask, taskEntry>;

}  // namespace

TEST_CASE("a registered function is found by its id", "[rdd][entries]") {
  CHECK(resolveEntry(EntryKind::kNode, NodeEntry::id()) == reinterpret_cast<void*>(nodeEntry));
  CHECK(resolveEntry(EntryKind::kTask, TaskEntry::id()) == reinterpret_cast<void*>(taskEntry));
  CHECK(NodeEntry::id() != TaskEntry::id());
  CHECK(NodeEntry::id().module == TaskEntry::id().module);
}

TEST_CASE("an entry of one kind cannot be used as another", "[rdd][entries]") {
  CHECK_THROWS_AS(resolveEntry(EntryKind::kTask, NodeEntry::id()), CorruptData);
  CHECK_THROWS_AS(resolveEntry(EntryKind::kAccumulator, NodeEntry::id()), CorruptData);
  CHECK_THROWS_AS(resolveEntry(EntryKind::kNode, TaskEntry::id()), CorruptData);
}

TEST_CASE("unregistered offsets and modules are refused", "[rdd][entries]") {
  const EntryId good = NodeEntry::id();
  for (uint64_t step = 1; step <= 64; ++step) {
    const EntryId behind{good.module, good.offset + step};
    const EntryId before{good.module, good.offset - step};
    if (behind != TaskEntry::id()) CHECK_THROWS_AS(resolveEntry(EntryKind::kNode, behind), CorruptData);
    if (before != TaskEntry::id()) CHECK_THROWS_AS(resolveEntry(EntryKind::kNode, before), CorruptData);
  }
  CHECK_THROWS_AS(resolveEntry(EntryKind::kNode, {good.module ^ 1, good.offset}), CorruptData);
  CHECK_THROWS_AS(resolveEntry(EntryKind::kNode, {good.module, UINT64_MAX}), CorruptData);
  CHECK_THROWS_AS(resolveEntry(EntryKind::kNode, {0, 0}), CorruptData);
}

TEST_CASE("a function that never registered is not an entry", "[rdd][entries]") {
  const EntryId id = encodeFunctionPointer(reinterpret_cast<const void*>(plainFunction));
  CHECK_THROWS_AS(resolveEntry(EntryKind::kNode, id), CorruptData);
}

TEST_CASE("plain functions travel as module and offset, of libraries too", "[rdd][entries]") {
  const auto* own = reinterpret_cast<const void*>(plainFunction);
  CHECK(decodeFunctionPointer(encodeFunctionPointer(own)) == own);
  double (*root)(double) = std::sqrt;
  const auto* library = reinterpret_cast<const void*>(root);
  CHECK(decodeFunctionPointer(encodeFunctionPointer(library)) == library);
  CHECK(encodeFunctionPointer(library).module != encodeFunctionPointer(own).module);
}

TEST_CASE("the middle of a function is not where one begins", "[rdd][entries]") {
  EntryId id = encodeFunctionPointer(reinterpret_cast<const void*>(plainFunction));
  ++id.offset;
  CHECK_THROWS_AS(decodeFunctionPointer(id), CorruptData);
  CHECK_THROWS_AS(decodeFunctionPointer({id.module, 0}), CorruptData);
  CHECK_THROWS_AS(decodeFunctionPointer({id.module, UINT64_MAX / 2}), CorruptData);
  CHECK_THROWS_AS(decodeFunctionPointer({id.module + 1, id.offset - 1}), CorruptData);
}

TEST_CASE("data is not a function", "[rdd][entries]") {
  static int data = 0;
  int local = 0;
  CHECK_THROWS_AS(encodeFunctionPointer(&data), InvalidArgument);
  CHECK_THROWS_AS(encodeFunctionPointer(&local), InvalidArgument);
  CHECK_THROWS_AS(encodeFunctionPointer(nullptr), InvalidArgument);
}

TEST_CASE("the build-id is that of the running program", "[rdd][entries]") {
  CHECK(buildId().size() >= 16);
  CHECK(buildId() == buildId());
}

}  // namespace cerium
