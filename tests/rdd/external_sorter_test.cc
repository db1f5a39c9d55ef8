// Cerium. Licensed under the Apache License 2.0.
// Sorting pairs by key: the radix sort compared with std::stable_sort for every kind of number, and the external sort
// compared with both, with a budget that makes it spill.
#include "rdd/shuffle/external_sorter.h"

#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <string>

#include "tests/support/fake_services.h"

namespace cerium {
namespace {

using testing::FakeTask;
using Random = std::mt19937_64;

/// Random keys with the extremes, zeros, NaNs and many equal ones among them.
template <class K>
std::vector<std::pair<K, int>> pairs(size_t n, unsigned seed) {
  using Limits = std::numeric_limits<K>;
  Random random(seed);
  std::vector<std::pair<K, int>> all;
  for (size_t i = 0; i < n; ++i) {
    K key = static_cast<K>(static_cast<int64_t>(random()));
    switch (random() % 8) {
      case 0:
        key = K{0};
        break;
      case 1:
        key = Limits::max();
        break;
      case 2:
        key = Limits::lowest();
        break;
      case 3:
        key = static_cast<K>(random() % 5);
        break;
      case 4:
        if constexpr (std::is_floating_point_v<K>) {
          const K special[] = {Limits::quiet_NaN(),   -Limits::quiet_NaN(), -K{0},
                               Limits::infinity(),    -Limits::infinity(),  Limits::denorm_min(),
                               -Limits::denorm_min(), Limits::min()};
          key = special[random() % 8];
        }
        break;
      default:
        break;
    }
    all.emplace_back(key, static_cast<int>(i));
  }
  return all;
}

template <class R>
RecordBuffer<R> buffer(const std::vector<R>& records) {
  RecordBuffer<R> all;
  for (const R& record : records) all.push_back(record);
  return all;
}

/// The second part of a record is its place in the input: if the places agree, order and stability do.
template <class R>
std::vector<int> places(const R* records, size_t n) {
  std::vector<int> all;
  for (size_t i = 0; i < n; ++i) all.push_back(records[i].second);
  return all;
}

template <class K, class Less>
std::vector<int> expected(std::vector<std::pair<K, int>> records, Less less) {
  std::stable_sort(records.begin(), records.end(),
                   [&](const auto& a, const auto& b) { return less(a.first, b.first); });
  return places(records.data(), records.size());
}

template <class K>
std::vector<int> sortedHere(const std::vector<std::pair<K, int>>& records, KeyOrder order) {
  auto all = buffer(records);
  sortPairs(all, order);
  return places(all.data(), all.size());
}

template <class K>
std::vector<int> sortedOutside(FakeTask& task, const std::vector<std::pair<K, int>>& records, KeyOrder order) {
  using R = std::pair<K, int>;
  auto shared = std::make_shared<const std::vector<R>>(records);
  auto input = makeStream<SharedStream<R>>(shared->data(), shared->size(), shared);
  auto stream = makeStream<SortedStream<K, int>>(task.context, std::move(input), order);
  std::vector<int> all;
  for (auto batch = stream->next(); batch.size > 0; batch = stream->next()) {
    const auto some = places(batch.data, batch.size);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

constexpr KeyOrder kUp{true};
constexpr KeyOrder kDown{false};

}  // namespace

TEMPLATE_TEST_CASE("numbers are sorted as std::stable_sort sorts them", "[rdd][sorter]", char, int8_t, uint8_t, int16_t,
                   uint16_t, int32_t, uint32_t, int64_t, uint64_t, float, double) {
  STATIC_REQUIRE(radix::kSortable<TestType>);
  for (size_t n : {0, 1, 2, 512, 513, 5000}) {
    const auto records = pairs<TestType>(n, static_cast<unsigned>(n));
    INFO(n << " records");
    CHECK(sortedHere(records, kUp) == expected(records, kUp));
    CHECK(sortedHere(records, kDown) == expected(records, kDown));
  }
}

TEST_CASE("descending is the exact reverse of ascending, NaN included", "[rdd][sorter]") {
  std::vector<std::pair<double, int>> records;
  for (int i = 0; i < 1000; ++i) records.emplace_back(i % 2 == 0 ? i : -i, i);
  records.emplace_back(std::numeric_limits<double>::quiet_NaN(), 1000);
  auto up = sortedHere(records, kUp);
  const auto down = sortedHere(records, kDown);
  CHECK(up.back() == 1000);
  CHECK(down.front() == 1000);
  std::reverse(up.begin(), up.end());
  CHECK(up == down);
}

TEST_CASE("texts are sorted stably", "[rdd][sorter]") {
  Random random(4);
  std::vector<std::pair<std::string, int>> records;
  for (int i = 0; i < 3000; ++i) records.emplace_back(std::string(random() % 30, 'x'), i);
  CHECK(sortedHere(records, kDown) == expected(records, kDown));
  CHECK(sortedHere(records, kUp) == expected(records, kUp));
}

TEMPLATE_TEST_CASE("a sort that spills gives what one in memory gives", "[rdd][sorter]", int32_t, double) {
  const auto records = pairs<TestType>(200'000, 7);
  const size_t budget = GENERATE(size_t{0}, size_t{1} << 18, size_t{1} << 21, size_t{1} << 30);
  INFO("budget " << budget);
  FakeTask task(budget);
  CHECK(sortedOutside(task, records, kUp) == expected(records, kUp));
  CHECK(sortedOutside(task, records, kDown) == expected(records, kDown));
  CHECK((task.context.metrics().spilled_bytes > 0) == (budget < size_t{1} << 22));
  CHECK(task.services.memory().used() == 0);
  CHECK(task.services.spillSpace()->bytesInUse() == 0);
}

TEST_CASE("texts are sorted outside of memory too, equal ones in the order of the input", "[rdd][sorter]") {
  Random random(8);
  std::vector<std::pair<std::string, int>> records;
  for (int i = 0; i < 50'000; ++i) records.emplace_back("a key with some length " + std::to_string(random() % 1000), i);
  FakeTask task(1 << 20);
  CHECK(sortedOutside(task, records, kUp) == expected(records, kUp));
  CHECK(task.context.metrics().spilled_bytes > 0);
}

TEMPLATE_TEST_CASE("a sort stops when its task is told to, by digits and by comparing", "[rdd]", int64_t, std::string) {
  RecordBuffer<std::pair<TestType, int64_t>> records;
  for (int64_t i = 0; i < 1'000; ++i) {
    if constexpr (std::is_same_v<TestType, std::string>) {
      records.emplace_back(std::to_string(i * 7919 % 1'000), i);
    } else {
      records.emplace_back(i * 7919 % 1'000, i);
    }
  }
  testing::FakeTask task(size_t{1} << 20);
  task.context.interrupt();
  CHECK_THROWS_AS(sortPairs(records, KeyOrder(), &task.context), TaskKilled);
  CHECK_NOTHROW(sortPairs(records, KeyOrder()));
}

}  // namespace cerium
