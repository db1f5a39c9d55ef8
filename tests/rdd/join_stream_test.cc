// Cerium. Licensed under the Apache License 2.0.
// The join of two streams, in memory and on disk: the same pairs in the same order, in bounded batches.
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

#include "rdd/ops/join.h"
#include "tests/support/fake_services.h"

namespace cerium {
namespace {

using testing::FakeTask;
using Random = std::mt19937_64;

template <class K, class V>
StreamPtr<std::pair<K, V>> streamOf(const std::vector<std::pair<K, V>>& records) {
  RecordBuffer<std::pair<K, V>> buffer;
  for (const auto& record : records) buffer.push_back(record);
  return makeStream<OwnedStream<std::pair<K, V>>>(std::move(buffer));
}

template <class K, class V, class W>
using Joined = std::vector<std::pair<K, std::pair<V, W>>>;

/// The join of both sides with a budget, and the size of its largest batch.
template <class K, class V, class W>
Joined<K, V, W> joined(size_t budget, const std::vector<std::pair<K, V>>& left,
                       const std::vector<std::pair<K, W>>& right, bool* spilled = nullptr) {
  FakeTask task(budget);
  ops::JoinStream<K, V, W> join(task.context);
  join.build(streamOf(right));
  join.probeWith(streamOf(left));
  Joined<K, V, W> all;
  for (auto batch = join.next(); batch.size > 0; batch = join.next()) {
    CHECK(batch.size <= kBatchRecords<std::pair<K, std::pair<V, W>>>);
    for (size_t i = 0; i < batch.size; ++i) all.push_back(std::move(batch.data[i]));
  }
  if (spilled != nullptr) *spilled = task.context.metrics().spilled_bytes > 0;
  return all;
}

/// The model: each left record with each right record of its key.
template <class K, class V, class W>
Joined<K, V, W> nestedLoop(const std::vector<std::pair<K, V>>& left, const std::vector<std::pair<K, W>>& right) {
  std::map<K, std::vector<W>> rows;
  for (const auto& [key, value] : right) rows[key].push_back(value);
  Joined<K, V, W> all;
  for (const auto& [key, value] : left) {
    for (const W& row : rows[key]) all.push_back({key, {value, row}});
  }
  return all;
}

}  // namespace

TEST_CASE("a join gives the same pairs in the same order at every budget", "[rdd][spilling]") {
  const size_t budget = GENERATE(size_t{0}, size_t{300'000}, size_t{1} << 20, size_t{1} << 30);
  INFO("budget " << budget);
  Random random(3);
  std::vector<std::pair<std::string, int64_t>> left;
  std::vector<std::pair<std::string, std::string>> right;
  const auto key = [&] { return "key number " + std::to_string(random() % 8000); };
  for (int i = 0; i < 20'000; ++i) left.emplace_back(key(), i);
  for (int i = 0; i < 20'000; ++i) right.emplace_back(key(), "row " + std::to_string(i));
  bool spilled = false;
  CHECK(joined(budget, left, right, &spilled) == nestedLoop(left, right));
  CHECK(spilled == (budget < (size_t{1} << 30)));
}

TEST_CASE("keys with many right rows join on disk in order, too", "[rdd][spilling]") {
  std::vector<std::pair<int64_t, int64_t>> left;
  std::vector<std::pair<int64_t, int64_t>> right;
  for (int64_t i = 0; i < 30'000; ++i) right.emplace_back(i % 7 == 0 ? i % 3 : i, i);
  for (int64_t i = 0; i < 200; ++i) left.emplace_back(i % 5, i);
  bool spilled = false;
  CHECK(joined(300'000, left, right, &spilled) == nestedLoop(left, right));
  CHECK(spilled);
}

TEST_CASE("a join of one key whose right rows outgrow memory is an error that names the key", "[rdd][spilling]") {
  std::vector<std::pair<int64_t, int64_t>> left{{7, 1}};
  std::vector<std::pair<int64_t, int64_t>> right(100'000, {7, 2});
  CHECK_THROWS_WITH(joined(300'000, left, right), Catch::Contains("the values of key 7 hold "));
}

TEST_CASE("a join of nothing gives nothing", "[rdd][spilling]") {
  const std::vector<std::pair<int64_t, int64_t>> none;
  const std::vector<std::pair<int64_t, int64_t>> some{{1, 2}};
  CHECK(joined(1 << 20, none, some).empty());
  CHECK(joined(1 << 20, some, none).empty());
  CHECK(joined(0, none, none).empty());
}

}  // namespace cerium
