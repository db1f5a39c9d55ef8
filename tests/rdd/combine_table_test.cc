// Cerium. Licensed under the Apache License 2.0.
// The combine table against std::unordered_map, in lockstep, with random operations.
#include "rdd/shuffle/combine_table.h"

#include <algorithm>
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
      table.release();
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

TEST_CASE("entries come in the order of their hashes, whatever the table's size and history", "[rdd][table]") {
  const auto keys_at = [](size_t room, unsigned shuffled) {
    CombineTable<std::string, int> table(5);
    table.reserve(room);
    std::vector<std::string> keys;
    for (int i = 0; i < 30'000; ++i) keys.push_back("key " + std::to_string(i));
    std::shuffle(keys.begin(), keys.end(), Random(shuffled));
    for (const auto& key : keys)
      table.upsert(
          key, table.hashOf(key), [] { return 1; }, [](int&) {});
    std::vector<std::string> order;
    uint64_t last = 0;
    bool ascends = true;
    for (size_t at = table.firstPosition(); at < table.endPosition();
         at = table.nextPosition(at, table.endPosition())) {
      const auto& key = table.entryAt(at).key;
      ascends = ascends && table.orderOf(table.hashOf(key)) >= last;
      last = table.orderOf(table.hashOf(key));
      order.push_back(key);
    }
    CHECK(ascends);
    return order;
  };
  const auto first = keys_at(0, 1);
  CHECK(first.size() == 30'000);
  CHECK(first == keys_at(0, 2));
  CHECK(first == keys_at(1'000'000, 3));
}

/// A key with few hashes, among them the largest, whose entries wrap around the table's end.
struct Collides {
  int value = 0;
  friend bool operator==(const Collides& a, const Collides& b) { return a.value == b.value; }
};

}  // namespace cerium

template <>
struct std::hash<cerium::Collides> {
  size_t operator()(const cerium::Collides& key) const { return static_cast<size_t>(key.value % 5); }
};

namespace cerium {

TEST_CASE("keys of one hash come in the order of their insertion, wherever they lie", "[rdd][table]") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    CombineTable<Collides, int> table(seed);
    const auto hash_of = [](int i) { return i % 5 == 0 ? ~uint64_t{0} : Hash<Collides>()(Collides{i}); };
    for (int i = 0; i < 300; ++i)
      table.upsert(
          Collides{i}, hash_of(i), [] { return 1; }, [](int&) {});
    for (int i = 0; i < 300; ++i) REQUIRE(table.find(Collides{i}, hash_of(i)) != nullptr);
    size_t seen = 0;
    uint64_t last_order = 0;
    int last_value = -1;
    table.forEach([&](auto& entry) {
      const uint64_t order = table.orderOf(entry.hash);
      REQUIRE(order >= last_order);
      if (order == last_order && seen > 0) REQUIRE(entry.key.value > last_value);
      last_order = order;
      last_value = entry.key.value;
      ++seen;
    });
    REQUIRE(seen == 300);
  }
}

TEST_CASE("a table that was given room does not grow", "[rdd][table]") {
  CombineTable<int64_t, int> table;
  CHECK(table.find(1, table.hashOf(1)) == nullptr);
  table.reserve(10'000);
  const size_t bytes = table.tableBytes();
  for (int64_t key = 0; key < 10'000; ++key)
    table.upsert(
        key, table.hashOf(key), [] { return 0; }, [](int&) {});
  CHECK(table.tableBytes() == bytes);
  CHECK_FALSE(table.mustGrow());
}

TEST_CASE("a table gives memory back while its entries are taken from front to back", "[rdd][table]") {
  CombineTable<std::string, std::string> table;
  const auto text = [](int i) { return "a text that owns memory " + std::to_string(i); };
  constexpr int kKeys = 300'000;
  for (int i = 0; i < kKeys; ++i)
    table.upsert(
        text(i), table.hashOf(text(i)), [&] { return text(-i); }, [](std::string&) {});
  std::vector<bool> seen(kKeys);
  for (size_t at = table.firstPosition(); at < table.endPosition(); at = table.nextPosition(at, table.endPosition())) {
    table.releaseBefore(at);
    auto& entry = table.entryAt(at);
    const int i = std::stoi(entry.key.substr(24));
    REQUIRE(std::move(entry.value) == text(-i));
    seen.at(static_cast<size_t>(i)) = true;
  }
  CHECK(std::count(seen.begin(), seen.end(), true) == kKeys);
}

TEST_CASE("a closed table must grow before a new key, and still finds the others", "[rdd][table]") {
  CombineTable<int64_t, int> table;
  for (int64_t key = 0; key < 10; ++key)
    table.upsert(
        key, table.hashOf(key), [&] { return 1; }, [](int&) {});
  table.close();
  CHECK(table.mustGrow());
  CHECK(table.find(3, table.hashOf(3)) != nullptr);
  CHECK(table.find(11, table.hashOf(11)) == nullptr);
}

TEST_CASE("filling one table in another's order stays fast", "[rdd][table]") {
  CombineTable<int64_t, int> from(1);
  for (int64_t key = 0; key < 200'000; ++key)
    from.upsert(
        key, from.hashOf(key), [] { return 1; }, [](int&) {});
  CombineTable<int64_t, int> to(2);  // with the other table's order this would take minutes
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
