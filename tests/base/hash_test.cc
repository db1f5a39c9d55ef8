// Cerium. Licensed under the Apache License 2.0.
// Keys: hash, equality and order agree with each other, also for NaN and -0.0, alone and inside other keys.
#include "base/util/hash.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <set>

namespace cerium {
namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();

template <class K>
void requireEqualKeys(const K& a, const K& b) {
  CHECK(KeyEqual()(a, b));
  CHECK(Hash<K>()(a) == Hash<K>()(b));
  CHECK_FALSE(KeyLess()(a, b));
  CHECK_FALSE(KeyLess()(b, a));
}

/// Checks that `keys` ascend strictly.
template <class K>
void requireOrder(const std::vector<K>& keys) {
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t j = 0; j < keys.size(); ++j) {
      INFO("key " << i << " and key " << j);
      CHECK(KeyLess()(keys[i], keys[j]) == (i < j));
      CHECK(KeyEqual()(keys[i], keys[j]) == (i == j));
    }
  }
}

}  // namespace

TEST_CASE("NaN is one key and minus zero is zero, also inside of other keys", "[base][hash]") {
  const double other_nan = -kNan;
  requireEqualKeys(kNan, other_nan);
  requireEqualKeys(0.0, -0.0);
  requireEqualKeys(0.0f, -0.0f);
  requireEqualKeys(std::pair(kNan, 1), std::pair(other_nan, 1));
  requireEqualKeys(std::tuple(1, -0.0, std::string("x")), std::tuple(1, 0.0, std::string("x")));
  requireEqualKeys(std::optional(kNan), std::optional(other_nan));
  requireEqualKeys(std::vector{1.0, kNan, -0.0}, std::vector{1.0, other_nan, 0.0});
  requireEqualKeys(std::array{kNan, 0.0}, std::array{other_nan, -0.0});
}

TEST_CASE("numbers ascend and NaN comes last", "[base][hash]") {
  const double inf = std::numeric_limits<double>::infinity();
  requireOrder<double>({-inf, -1.5, 0, std::numeric_limits<double>::denorm_min(), 2, inf, kNan});
  requireOrder<int>({std::numeric_limits<int>::min(), -1, 0, 1, std::numeric_limits<int>::max()});
}

TEST_CASE("compound keys are ordered part by part", "[base][hash]") {
  requireOrder<std::pair<double, int>>({{1, 5}, {2, -1}, {2, 0}, {kNan, -3}, {kNan, 0}});
  requireOrder<std::tuple<std::string, double>>({{"a", 9}, {"a", kNan}, {"b", 0}});
  requireOrder<std::optional<double>>({std::nullopt, 1.0, kNan});
  requireOrder<std::vector<double>>({{}, {1}, {1, 2}, {1, kNan}, {2}, {kNan}});
  requireOrder<std::string>({"", "a", "aa", "b", "\xff"});
}

TEST_CASE("different keys have different hashes", "[base][hash]") {
  std::set<uint64_t> hashes;
  for (int i = 0; i < 100'000; ++i) hashes.insert(Hash<int>()(i));
  CHECK(hashes.size() == 100'000);
  hashes.clear();
  for (int i = 0; i < 300; ++i) {
    for (int j = 0; j < 300; ++j) hashes.insert(Hash<std::pair<int, int>>()({i, j}));
  }
  CHECK(hashes.size() == 90'000);
  CHECK(Hash<std::vector<int>>()({1, 2}) != Hash<std::vector<int>>()({2, 1}));
  CHECK(Hash<std::optional<int>>()(std::nullopt) != Hash<std::optional<int>>()(0));
  CHECK(Hash<std::string>()("a") != Hash<std::string>()("b"));
}

TEST_CASE("a text has the same hash in each of its types and in each process", "[base][hash]") {
  CHECK(Hash<std::string>()("cerium") == Hash<std::string_view>()("cerium"));
  CHECK(Hash<int>()(1) == keys::mix(1));
  CHECK(Hash<std::chrono::seconds>()(std::chrono::seconds(1)) == Hash<int64_t>()(1));
}

TEST_CASE("every bit of a key moves about half of the bits of its hash", "[base][hash]") {
  for (int bit = 0; bit < 64; ++bit) {
    int moved = 0;
    for (uint64_t key = 1; key <= 64; ++key) {
      moved += __builtin_popcountll(Hash<uint64_t>()(key) ^ Hash<uint64_t>()(key ^ (uint64_t{1} << bit)));
    }
    CHECK(moved > 64 * 26);
    CHECK(moved < 64 * 38);
  }
}

TEST_CASE("the dates of the calendar and their parts have hashes, what only has ok() has none", "[base]") {
  using namespace std::chrono;
  struct Status {
    [[maybe_unused]] bool ok() const { return true; }
  };
  STATIC_REQUIRE(keys::Civil<year_month_day>);
  STATIC_REQUIRE_FALSE(keys::Civil<Status>);
  const auto hash = [](const auto& key) { return Hash<std::decay_t<decltype(key)>>()(key); };
  CHECK(hash(year_month_day(2017y / 1 / 1)) != hash(year_month_day(2017y / 1 / 2)));
  CHECK(hash(year_month_day(2017y / 1 / 1)) != hash(year_month_day(2018y / 1 / 1)));
  CHECK(hash(2017y / 1) != hash(2017y / 2));
  CHECK(hash(Monday) != hash(Tuesday));
  CHECK(hash(Monday[1]) != hash(Monday[2]));
  CHECK(hash(Monday[last]) != hash(Tuesday[last]));
  CHECK(hash(January) != hash(February));
}

}  // namespace cerium
