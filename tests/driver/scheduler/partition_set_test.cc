// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/partition_set.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "base/util/heap_meter.h"

namespace cerium {

TEST_CASE("a set of partitions is what std::set is", "[driver]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  PartitionSet set;
  std::set<int> model;
  for (int step = 0; step < 20'000; ++step) {
    const int partition = static_cast<int>(random() % 300) + (random() % 2 == 0 ? 0 : 1'000'000'000);
    if (random() % 2 == 0) {
      REQUIRE(set.insert(partition) == model.insert(partition).second);
    } else {
      REQUIRE(set.erase(partition) == (model.erase(partition) > 0));
    }
    REQUIRE(set.contains(partition) == model.contains(partition));
    REQUIRE(set.size() == model.size());
    REQUIRE(set.empty() == model.empty());
  }
  set.clear();
  CHECK(set.empty());
  CHECK_FALSE(set.contains(*model.begin()));
}

TEST_CASE("a set of a million partitions in a row takes a byte each at most", "[driver]") {
  const HeapMeter meter;
  PartitionSet set;
  for (int partition = 0; partition < 1'000'000; ++partition) set.insert(partition);
  CHECK(meter.grown(0) < 1'000'000);
}

}  // namespace cerium
