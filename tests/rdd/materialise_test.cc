// Cerium. Licensed under the Apache License 2.0.
// Shuffles that are made without a result stage, for plans that follow the sizes.
#include <atomic>

#include "tests/support/each_master.h"

namespace cerium::testing {
namespace {

std::shared_ptr<ShuffleDependency> shuffleOf(const RddNode& node) { return node.dependencies().front().shuffle; }

}  // namespace

TEST_CASE("a shuffle is made alone, its sizes are exact, and later jobs read it", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto computed = sc.longAccumulator("computed");
    auto pairs = sc.range(0, 1'000, 1, 4)
                     .map(
                         [](int64_t i, auto& count) {
                           count.add(1);
                           return std::pair(static_cast<int32_t>(i % 10), i);
                         },
                         computed);
    auto grouped = pairs.groupByKey(3);
    const auto sizes = grouped.runner()->materialise(shuffleOf(*grouped.node()), {"materialise", Where::current()});
    CHECK(computed.value() == 1'000);
    REQUIRE(sizes->numMaps() == 4);
    REQUIRE(sizes->numReduces() == 3);
    std::vector<int64_t> expected(3);
    for (const auto& [key, values] : grouped.collect()) {
      expected[static_cast<size_t>(HashPartitioner(3).getPartition(key))] += static_cast<int64_t>(values.size());
    }
    for (int r = 0; r < 3; ++r) {
      CHECK(sizes->ofReduce(r).records == expected[static_cast<size_t>(r)]);
      // The encoded size of a pair of plain numbers is that of its bytes.
      CHECK(sizes->ofReduce(r).bytes ==
            expected[static_cast<size_t>(r)] * int64_t{sizeof(std::pair<int32_t, int64_t>)});
      PartSize by_map;
      for (int map = 0; map < 4; ++map) by_map += sizes->of(map, r);
      CHECK(by_map == sizes->ofReduce(r));
    }
    CHECK(computed.value() == 1'000);
  });
}

TEST_CASE("the sizes of strings are those of their encoded records", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto spread = sc.parallelize(std::vector<std::string>{"a", "bb", std::string(300, 'c'), ""}, 2).repartition(1);
    const auto sizes = spread.runner()->materialise(shuffleOf(*spread.node()), {"materialise", Where::current()});
    Bytes encoded;
    Writer out(encoded);
    for (const std::string& text : spread.collect()) encodeValue(out, std::pair<int, std::string>(0, text));
    CHECK(sizes->total() == PartSize{static_cast<int64_t>(encoded.size()), 4});
  });
}

TEST_CASE("a map task that fails fails the call that makes the shuffle", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto wrong = sc.range(0, 4, 1, 2).map([](int64_t i) -> std::pair<int64_t, int64_t> {
      if (i == 3) throw std::runtime_error("three");
      return {i, i};
    });
    auto grouped = wrong.groupByKey(2);
    CHECK_THROWS_AS(grouped.runner()->materialise(shuffleOf(*grouped.node()), {"materialise", Where::current()}),
                    JobFailed);
  });
}

}  // namespace cerium::testing
