// Cerium. Licensed under the Apache License 2.0.
// Partitions that are stored in the cache: the memory used meanwhile, and that every record arrives.
#include "rdd/unroll.h"

#include <catch2/catch.hpp>
#include <string>

#include "rdd/ops/fill_stream.h"
#include "tests/support/fake_services.h"

namespace cerium {
namespace {

using testing::FakeTask;

constexpr size_t kMiB = size_t{1} << 20;
constexpr int64_t kMany = 3'000'000;  // 24 MB of int64_t

/// 0 .. n-1, a thousand at a time.
StreamPtr<int64_t> numbers(int64_t n) {
  return fillStream<int64_t>([n, next = int64_t{0}](RecordBuffer<int64_t>& out) mutable {
    for (int i = 0; i < 1000 && next < n; ++i) out.emplace_back(next++);
    return next < n;
  });
}

template <class T>
std::vector<T> contents(StreamPtr<T> stream) {
  std::vector<T> all;
  for (Batch<T> batch = stream->next(); batch.size > 0; batch = stream->next()) {
    all.insert(all.end(), batch.data, batch.data + batch.size);
  }
  return all;
}

bool isZeroTo(const std::vector<int64_t>& all, int64_t n) {
  if (all.size() != static_cast<size_t>(n)) return false;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i] != static_cast<int64_t>(i)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a partition for which there is room is kept as its level says", "[rdd][cache]") {
  FakeTask task(100 * kMiB);
  const auto level = GENERATE(MEMORY_ONLY, MEMORY_AND_DISK, MEMORY_ONLY_SER, MEMORY_AND_DISK_SER, DISK_ONLY);
  INFO(toString(level));
  auto stream = numbers(kMany);
  Unroll<int64_t> unroll(task.context, level);
  REQUIRE(unroll.take(stream));
  const CachedBlock block = unroll.block();
  CHECK((block.block.records != nullptr) == !keepsEncoded(level));
  CHECK(block.disk() == 0);
  CHECK(block.memory() + block.disk() >= kMany * sizeof(int64_t));
  CHECK(task.services.memory().used() == 0);  // the store charges it
  CHECK(isZeroTo(contents(openCached<int64_t>(block)), kMany));
}

TEST_CASE("a partition that outgrows memory goes to disk piece by piece", "[rdd][cache]") {
  FakeTask task(10 * kMiB);
  const auto level = GENERATE(MEMORY_AND_DISK, MEMORY_AND_DISK_SER, DISK_ONLY);
  INFO(toString(level));
  size_t most = 0;
  auto stream = fillStream<int64_t>([&, inner = numbers(kMany)](RecordBuffer<int64_t>& out) mutable {
    most = std::max(most, task.services.memory().used());
    return inner->appendNext(out);
  });
  Unroll<int64_t> unroll(task.context, level);
  REQUIRE(unroll.take(stream));
  const CachedBlock block = unroll.block();
  CHECK(most <= 10 * kMiB);
  CHECK(block.memory() == 0);
  CHECK(block.pieces.size() >= 6);
  CHECK(task.services.spillSpace()->bytesInUse() > 0);
  CHECK(isZeroTo(contents(openCached<int64_t>(block)), kMany));
}

TEST_CASE("a partition that outgrows memory and has no disk is passed on whole", "[rdd][cache]") {
  FakeTask task(10 * kMiB);
  const auto level = GENERATE(MEMORY_ONLY, MEMORY_ONLY_SER);
  INFO(toString(level));
  auto stream = numbers(kMany);
  std::vector<int64_t> all;
  {
    Unroll<int64_t> unroll(task.context, level);
    REQUIRE_FALSE(unroll.take(stream));
    all = contents(unroll.passOn());
  }
  CHECK(!all.empty());
  CHECK(all.size() < static_cast<size_t>(kMany));
  for (int64_t rest : contents(std::move(stream))) all.push_back(rest);
  CHECK(isZeroTo(all, kMany));
}

TEST_CASE("heap memory of records counts while a partition is unrolled", "[rdd][cache]") {
  FakeTask task(10 * kMiB);
  auto stream = fillStream<std::string>([n = 0](RecordBuffer<std::string>& out) mutable {
    for (int i = 0; i < 10; ++i) out.emplace_back(10'000, static_cast<char>('a' + n % 26));
    return ++n < 300;  // 30 MB in all
  });
  Unroll<std::string> unroll(task.context, MEMORY_AND_DISK);
  REQUIRE(unroll.take(stream));
  const CachedBlock block = unroll.block();
  CHECK(block.memory() == 0);
  const auto all = contents(openCached<std::string>(block));
  REQUIRE(all.size() == 3000);
  CHECK(all.back() == std::string(10'000, static_cast<char>('a' + 299 % 26)));
}

TEST_CASE("an empty partition is a block without a record, at every level", "[rdd][cache]") {
  FakeTask task(kMiB);
  const auto level = GENERATE(MEMORY_ONLY, MEMORY_ONLY_SER, DISK_ONLY);
  auto stream = numbers(0);
  Unroll<int64_t> unroll(task.context, level);
  REQUIRE(unroll.take(stream));
  CHECK(contents(openCached<int64_t>(unroll.block())).empty());
}

TEST_CASE("cached records give back the memory that they kept for their growth", "[rdd][cache]") {
  using Record = std::pair<std::string, std::vector<std::vector<int64_t>>>;
  FakeTask task(kMiB);
  Record record("a key that is longer than fifteen", {{1, 2, 3}, {4}});
  record.first.reserve(1000);
  record.second.reserve(1000);
  record.second[0].reserve(1000);
  RecordBuffer<Record> records;
  records.emplace_back(std::move(record));
  StreamPtr<Record> stream = makeStream<OwnedStream<Record>>(std::move(records));
  Unroll<Record> unroll(task.context, MEMORY_ONLY);
  REQUIRE(unroll.take(stream));
  const CachedBlock block = unroll.block();
  const auto& kept = static_cast<const RecordBuffer<Record>*>(block.block.records.get())->data()[0];
  CHECK(kept.first == "a key that is longer than fifteen");
  CHECK(kept.second == std::vector<std::vector<int64_t>>{{1, 2, 3}, {4}});
  CHECK(kept.first.capacity() < 100);
  CHECK(kept.second.capacity() == 2);
  CHECK(kept.second[0].capacity() == 3);
}

}  // namespace cerium
