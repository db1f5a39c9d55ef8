// Cerium. Licensed under the Apache License 2.0.
// Aggregation that exceeds its budget: the same records in the same order as in memory, to the last bit; the rest is on
// disk; the charge follows the real memory.
#include "rdd/shuffle/hash_aggregation.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

#include "tests/support/fake_services.h"

namespace cerium {
namespace {

using testing::FakeTask;
using Random = std::mt19937_64;
constexpr size_t kAmple = size_t{1} << 30;

struct Concat : FoldOf<std::string> {
  std::string create(std::string value) { return value; }
  void add(std::string& known, const std::string& value) { known += value; }
};
struct Sum : FoldOf<double> {
  double create(double value) { return value; }
  void add(double& known, double value) { known += value; }
};

template <class K, class C, class Fold>
std::vector<std::pair<K, C>> contents(HashAggregation<K, C, Fold>& stream) {
  std::vector<std::pair<K, C>> all;
  for (auto batch = stream.next(); batch.size > 0; batch = stream.next()) {
    for (size_t i = 0; i < batch.size; ++i) all.push_back(std::move(batch.data[i]));
  }
  return all;
}

/// The folded values by key, in the order of a table that holds all of them.
template <class K, class C>
std::vector<std::pair<K, C>> inOrder(const std::map<K, C>& model) {
  CombineTable<K, C> table(7);
  for (const auto& [key, value] : model)
    table.upsert(
        key, table.hashOf(key), [&value = value] { return value; }, [](C&) {});
  std::vector<std::pair<K, C>> all;
  table.forEach([&](auto& entry) { all.emplace_back(entry.key, entry.value); });
  return all;
}

}  // namespace

TEST_CASE("an aggregation gives the same records in the same order at every budget", "[rdd][spilling]") {
  const size_t budget = GENERATE(size_t{0}, size_t{600'000}, size_t{1} << 20, kAmple);
  INFO("budget " << budget);
  FakeTask task(budget);
  Random random(1);
  std::map<int64_t, double> model;
  auto stream = std::make_unique<HashAggregation<int64_t, double, Sum>>(task.context, 7, Sum());
  for (int i = 0; i < 200'000; ++i) {
    const auto key = static_cast<int64_t>(random() % 60'000);
    const double value = 1.0 / (i + 3);  // the sum depends on the order of the additions
    stream->add(key, value);
    if (const auto [known, is_new] = model.emplace(key, value); !is_new) known->second += value;
  }
  CHECK(stream->spilled() == (budget < kAmple));
  CHECK((task.context.metrics().spilled_bytes > 0 || budget == kAmple));
  CHECK(contents(*stream) == inOrder(model));
  stream.reset();
  CHECK(task.services.memory().used() == 0);
  CHECK(task.services.spillSpace()->bytesInUse() == 0);
}

TEST_CASE("combiners that grow are charged, go to disk, and lose no value's place", "[rdd][spilling]") {
  const size_t budget = GENERATE(size_t{0}, size_t{300'000}, size_t{1} << 20, kAmple);
  INFO("budget " << budget);
  FakeTask task(budget);
  Random random(2);
  std::map<std::string, std::string> model;
  HashAggregation<std::string, std::string, Concat> stream(task.context, 7, Concat());
  size_t most_used = 0;
  for (int i = 0; i < 60'000; ++i) {
    const std::string key = "key number " + std::to_string(random() % 500);
    const std::string value = "value number " + std::to_string(i) + ",";
    stream.add(key, value);
    model[key] += value;
    most_used = std::max(most_used, task.services.memory().used());
  }
  CHECK(stream.spilled() == (budget < kAmple));
  CHECK(most_used < budget + 3'000'000);
  if (budget == kAmple) CHECK(most_used > 60'000 * 20);
  CHECK(contents(stream) == inOrder(model));
}

TEST_CASE("an empty aggregation streams nothing", "[rdd][spilling]") {
  FakeTask task(kAmple);
  HashAggregation<int64_t, double, Sum> stream(task.context, 7, Sum());
  CHECK(contents(stream).empty());
}

TEST_CASE("a few long keys that come often are charged once", "[rdd][spilling]") {
  FakeTask task(size_t{8} << 20);
  HashAggregation<std::string, double, Sum> stream(task.context, 7, Sum());
  const std::string long_key(1000, 'k');
  for (int i = 0; i < 200'000; ++i) stream.add(long_key + std::to_string(i % 10), 1.0);
  CHECK(stream.table().size() == 10);
  CHECK(task.services.memory().used() < 1'000'000);
  CHECK_FALSE(stream.spilled());
}

TEST_CASE("one key's group that outgrows memory is an error that names the key and its bytes", "[rdd][spilling]") {
  FakeTask task(size_t{2} << 20);
  HashAggregation<std::string, std::string, Concat> stream(task.context, 7, Concat());
  std::string message;
  try {
    for (int i = 0; i < 100'000; ++i) stream.add(std::string("the key"), std::string(100, 'x'));
    (void)contents(stream);
  } catch (const Error& e) {
    message = e.what();
  }
  CHECK_THAT(message, Catch::Contains("the values of key \"the key\" hold ") && Catch::Contains("2097152 bytes") &&
                          Catch::Contains("cerium.executor.memory"));
}

TEST_CASE("a task that was told to stop stops while it spills and while it reads back", "[rdd][spilling]") {
  FakeTask task(size_t{600'000});
  HashAggregation<int64_t, double, Sum> stream(task.context, 7, Sum());
  for (int i = 0; i < 300'000; ++i) stream.add(int64_t{i}, 1.0);
  task.context.interrupt();
  CHECK_THROWS_AS(contents(stream), TaskKilled);
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
