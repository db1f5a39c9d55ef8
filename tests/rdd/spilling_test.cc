// Cerium. Licensed under the Apache License 2.0.
// Aggregation that outgrows its budget: the same result as in memory, on disk what memory does not hold, and a charge
// that follows what is really held. Also what is read back when bytes on the way are damaged.
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

#include "rdd/shuffle/spilling_table.h"
#include "tests/support/fake_services.h"

namespace cerium {
namespace {

using testing::FakeTask;
using Random = std::mt19937_64;
constexpr size_t kAmple = size_t{1} << 30;

struct Append {
  void operator()(std::string& into, std::string&& more) const { into += more; }
};
struct Add {
  void operator()(int64_t& into, int64_t&& more) const { into += more; }
};

/// All records of the finished table, by key; every key must come once.
template <class K, class C, class MergeC>
std::map<K, C> contents(TableStream<K, C, MergeC>& stream) {
  std::map<K, C> all;
  for (auto batch = stream.next(); batch.size > 0; batch = stream.next()) {
    for (size_t i = 0; i < batch.size; ++i) {
      const bool fresh = all.emplace(std::move(batch.data[i])).second;
      REQUIRE(fresh);
    }
  }
  return all;
}

}  // namespace

TEST_CASE("a table in a small budget holds what one in an ample budget holds", "[rdd][spilling]") {
  const size_t budget = GENERATE(size_t{0}, size_t{100'000}, size_t{1} << 20, kAmple);
  INFO("budget " << budget);
  FakeTask task(budget);
  Random random(1);
  std::map<int64_t, int64_t> model;
  auto stream = std::make_unique<TableStream<int64_t, int64_t, Add>>(task.context, 7, Add());
  auto& table = stream->table();
  for (int i = 0; i < 200'000; ++i) {
    const auto key = static_cast<int64_t>(random() % 50'000);
    table.upsert(
        key, [&] { return int64_t{i}; }, [&](int64_t& sum) { sum += i; });
    model[key] += i;
  }
  CHECK(table.spilled() == (budget < kAmple && budget < 2'000'000));
  CHECK((task.context.metrics().spilled_bytes > 0) == table.spilled());
  CHECK(contents(*stream) == model);
  stream.reset();
  CHECK(task.services.memory().used() == 0);
  CHECK(task.services.spillSpace()->bytesInUse() == 0);
}

TEST_CASE("values that were spilled are merged in the order in which they came", "[rdd][spilling]") {
  FakeTask task(200'000);
  Random random(2);
  std::map<std::string, std::string> model;
  TableStream<std::string, std::string, Append> stream(task.context, 7, Append());
  auto& table = stream.table();
  for (int i = 0; i < 60'000; ++i) {
    const std::string key = "key number " + std::to_string(random() % 5000);
    const std::string value = std::to_string(i) + ",";
    table.charge(value.size());
    table.upsert(
        key, [&] { return value; }, [&](std::string& all) { all += value; });
    model[key] += value;
  }
  CHECK(table.spilled());
  CHECK(contents(stream) == model);
}

TEST_CASE("an empty table streams nothing", "[rdd][spilling]") {
  FakeTask task(kAmple);
  TableStream<int64_t, int64_t, Add> stream(task.context, 7, Add());
  CHECK(contents(stream).empty());
}

TEST_CASE("a few long keys that come often are charged once", "[rdd][spilling]") {
  FakeTask task(size_t{8} << 20);
  SpillingTable<std::string, int64_t, Add> table(task.context, 7, Add());
  const std::string long_key(1000, 'k');
  for (int i = 0; i < 200'000; ++i) {
    table.upsert(
        long_key + std::to_string(i % 10), [] { return int64_t{1}; }, [](int64_t& count) { ++count; });
  }
  CHECK(table.table().size() == 10);
  CHECK(task.services.memory().used() < 1'000'000);
  CHECK_FALSE(table.spilled());
}

TEST_CASE("a count of records that the bytes cannot hold is corrupt data", "[rdd][spilling]") {
  const uint64_t count =
      GENERATE(uint64_t{20}, uint64_t{1} << 32, (uint64_t{1} << 61) + 1, (uint64_t{1} << 61) + 2, UINT64_MAX);
  INFO("count " << count);
  Bytes bytes;
  Writer out(bytes);
  out.put(count);
  out.put(int64_t{1});
  out.put(int64_t{2});
  CHECK_THROWS_AS(blockOps<int64_t>()->decode(bytes.view()), CorruptData);
  CHECK_THROWS_AS(blockOps<std::string>()->decode(bytes.view()), CorruptData);
}

}  // namespace cerium
