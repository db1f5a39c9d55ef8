// Cerium. Licensed under the Apache License 2.0.
// The combine table against std::unordered_map, in lockstep, with random operations.
#include "rdd/shuffle/combine_table.h"

#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace cerium {
namespace {

using Random = std::mt19937_64;

template <class K>
K keyOf(uint64_t n) {
  if constexpr (std::is_same_v<K, std::string>) {
    return n % 3 == 0 ? std::to_string(n) : "a key that owns memory " + std::to_string(n);
  } else if constexpr (std::is_same_v<K, std::pair<int, std::string>>) {
    return {static_cast<int>(n % 7), std::to_string(n)};
  } else {
    return static_cast<K>(n) * 1024;  // equal low bits
  }
}

struct AsHash {
  template <class K>
  size_t operator()(const K& key) const {
    return Hash<K>()(key);
  }
};

/// Runs the same random operations on both and compares.
template <class K>
void compareWithModel(unsigned seed, uint64_t keys) {
  Random random(seed);
  CombineTable<K, std::vector<int>> table(seed);
  std::unordered_map<K, std::vector<int>, AsHash> model;
  for (int step = 0; step < 20'000; ++step) {
    const K key = keyOf<K>(random() % keys);
    const uint64_t hash = table.hashOf(key);
    const auto kind = random() % 1000;
    if (kind < 700) {
      table.upsert(
          key, hash, [&] { return std::vector<int>{step}; }, [&](std::vector<int>& all) { all.push_back(step); });
      model[key].push_back(step);
    } else if (kind < 995) {
      const auto* found = table.find(key, hash);
      const auto known = model.find(key);
      REQUIRE((found != nullptr) == (known != model.end()));
      if (found != nullptr) REQUIRE(*found == known->second);
    } else if (kind < 998) {
      table.reserve(random() % 5000);
    } else if (kind == 999) {
      table.clear();
      model.clear();
    }
    REQUIRE(table.size() == model.size());
  }
  size_t seen = 0;
  table.forEach([&](auto& entry) {
    ++seen;
    REQUIRE(model.at(entry.key) == entry.value);
  });
  REQUIRE(seen == model.size());
}

}  // namespace

TEMPLATE_TEST_CASE("the table does what a map does", "[rdd][table]", int64_t, uint16_t, double, std::string,
                   (std::pair<int, std::string>)) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    compareWithModel<TestType>(seed, 40);
    compareWithModel<TestType>(seed, 9000);
  }
}

TEST_CASE("NaN is one key of the table, and so is zero", "[rdd][table]") {
  CombineTable<double, int> table;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (double key : {nan, -nan, nan, 0.0, -0.0}) {
    table.upsert(
        key, table.hashOf(key), [] { return 1; }, [](int& count) { ++count; });
  }
  CHECK(table.size() == 2);
  CHECK(*table.find(nan, table.hashOf(nan)) == 3);
  CHECK(*table.find(0.0, table.hashOf(0.0)) == 2);
}

TEST_CASE("the same insertions give the same order", "[rdd][table]") {
  const auto order = [] {
    CombineTable<int64_t, int> table;
    Random random(1);
    for (int i = 0; i < 50'000; ++i) {
      const auto key = static_cast<int64_t>(random() % 20'000);
      table.upsert(
          key, table.hashOf(key), [] { return 1; }, [](int& count) { ++count; });
    }
    std::vector<int64_t> keys;
    for (size_t slot = table.nextFilled(0); slot < table.capacity(); slot = table.nextFilled(slot + 1)) {
      keys.push_back(table.entryAt(slot).key);
    }
    return keys;
  };
  const auto first = order();
  CHECK(first.size() > 18'000);
  CHECK(first == order());
}

TEST_CASE("a table that was given room does not grow", "[rdd][table]") {
  CombineTable<int64_t, int> table;
  CHECK(table.find(1, table.hashOf(1)) == nullptr);
  table.reserve(10'000);
  const size_t capacity = table.capacity();
  for (int64_t key = 0; key < 10'000; ++key)
    table.upsert(
        key, table.hashOf(key), [] { return 0; }, [](int&) {});
  CHECK(table.capacity() == capacity);
  CHECK_FALSE(table.mustGrow());
}

TEST_CASE("filling one table in another's order stays fast", "[rdd][table]") {
  CombineTable<int64_t, int> from(1);
  for (int64_t key = 0; key < 200'000; ++key)
    from.upsert(
        key, from.hashOf(key), [] { return 1; }, [](int&) {});
  CombineTable<int64_t, int> to(2);  // without an order of its own this would take minutes
  from.forEach([&](auto& entry) {
    to.upsert(
        entry.key, to.hashOf(entry.key), [] { return 1; }, [](int&) {});
  });
  CHECK(to.size() == 200'000);
}

TEST_CASE("a table whose first growth finds no memory stays usable and destructible", "[rdd][table]") {
  struct Refuses {
    int value;
    Refuses() : value(0) { throw std::bad_alloc(); }
  };
  CombineTable<std::string, Refuses> table;
  const std::string key = "a key that owns memory";
  CHECK_THROWS_AS(table.upsert(
                      key, table.hashOf(key), [] { return Refuses(); }, [](Refuses&) {}),
                  std::bad_alloc);
  CHECK(table.empty());
  CHECK(table.find(key, table.hashOf(key)) == nullptr);
}

}  // namespace cerium
