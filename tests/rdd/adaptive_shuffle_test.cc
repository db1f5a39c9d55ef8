// Cerium. Licensed under the Apache License 2.0.
// What a program observes of a shuffle does not depend on how its partitions are fetched, and a node may read any range
// of one.
#include "rdd/api/support.h"
#include "rdd/shuffle/shuffle_reader.h"
#include "tests/support/each_master.h"
#include "tests/support/temp_folder.h"

namespace cerium::testing {
namespace {

using Pair = std::pair<int64_t, int64_t>;
using Partitions = std::vector<std::vector<Pair>>;

constexpr int kMany = 300;

auto pairsOf(Context& sc) {
  return sc.range(0, 2'000, 1, 6).map([](int64_t i) { return Pair(i * 37 % 501, i); });
}

/// All that a program may observe, by operation.
std::vector<Partitions> observed(Context& sc) {
  const auto pairs = pairsOf(sc);
  const auto spread = pairs.partitionBy(HashPartitioner(kMany));
  const auto sums = pairs.reduceByKey(std::plus<>(), kMany);
  const auto swapped = [](const std::pair<int64_t, Pair>& row) { return row.second; };
  std::vector<Partitions> all;
  all.push_back(spread.glom().collect());
  all.push_back(sums.glom().collect());
  all.push_back(pairs.repartition(kMany).glom().collect());
  all.push_back(pairs.join(sums.mapValues([](int64_t v) { return v + 1; }), kMany).map(swapped).glom().collect());
  all.push_back(spread.join(spread).map(swapped).glom().collect());
  all.push_back(spread.union_(sums).glom().collect());
  all.push_back(spread.coalesce(7).glom().collect());
  all.push_back(spread
                    .mapPartitionsWithIndex([](int index, auto& records) {
                      std::vector<Pair> first;
                      for (const Pair& pair : records) {
                        first.emplace_back(index, pair.second);
                        break;  // the rest of the partition is not read
                      }
                      return first;
                    })
                    .glom()
                    .collect());
  all.push_back({spread.take(3)});
  return all;
}

/// Partition `p` reads range number `p`.
struct ReadRanges {
  std::vector<ShuffleRange> ranges;

  StreamPtr<Pair> compute(TaskContext& task, const RddNode&, int p) const {
    return makeStream<ShuffleStream<Pair>>(task, ranges[static_cast<size_t>(p)]);
  }
  [[nodiscard]] ShuffleRange shuffleInput(const RddNode&, size_t, int p) const {
    return ranges[static_cast<size_t>(p)];
  }
  void encode(Writer& out) const {
    out.varint(ranges.size());
    for (const ShuffleRange& range : ranges) out.put(range);
  }
  static ReadRanges decode(Reader& in) {
    ReadRanges body;
    body.ranges.resize(in.count());
    for (ShuffleRange& range : body.ranges) range = in.get<ShuffleRange>();
    return body;
  }
  void visit(const ClosureVisitor&) const {}
};

}  // namespace

TEST_CASE("partitions, their order and their records do not depend on how a shuffle is fetched", "[rdd]") {
  Context plain(testConf(kProcesses).set("cerium.shuffle.adaptive", "false"));
  const auto expected = observed(plain);
  CHECK(expected.front().size() == size_t{kMany});
  onEachMaster([&](Context& sc) { CHECK(observed(sc) == expected); });
}

TEST_CASE("a task reads several reduce partitions, or some of the map outputs of one", "[rdd]") {
  onEachMaster([](Context& sc) {
    const auto spread = pairsOf(sc).partitionBy(HashPartitioner(4));
    const auto parts = spread.glom().collect();
    const auto shuffle = spread.node()->dependencies().front().shuffle;
    const int maps = shuffle->numMaps();
    ReadRanges body{{{shuffle->id(), 0, 3, 0, maps, 4},
                     {shuffle->id(), 3, 4, 0, 2, 4},
                     {shuffle->id(), 3, 4, 2, maps, 4},
                     {shuffle->id(), 2, 2, 0, maps, 4}}};
    const auto ranged = api::makeRdd<Pair>(spread.runner(), {"ranges", Where::current()}, 4,
                                           {Dependency{nullptr, shuffle}}, std::move(body))
                            .glom()
                            .collect();
    REQUIRE(ranged.size() == 4);
    std::vector<Pair> first_three;
    for (int p : {0, 1, 2}) {
      const auto& part = parts[static_cast<size_t>(p)];
      first_three.insert(first_three.end(), part.begin(), part.end());
    }
    CHECK(ranged[0] == first_three);
    std::vector<Pair> last = ranged[1];
    last.insert(last.end(), ranged[2].begin(), ranged[2].end());
    CHECK_FALSE(ranged[1].empty());
    CHECK_FALSE(ranged[2].empty());
    CHECK(last == parts[3]);
    CHECK(ranged[3].empty());
  });
}

TEST_CASE("tasks that share their streams survive the loss of an executor", "[rdd]") {
  Context sc(testConf(kProcesses));
  const auto spread = pairsOf(sc).partitionBy(HashPartitioner(kMany));
  const auto expected = spread.glom().collect();
  const TempFolder folder;
  const auto dying = spread.mapPartitionsWithIndex(
      [](int index, auto& records, const std::string& once) {
        std::vector<Pair> all;
        for (const Pair& pair : records) all.push_back(pair);
        if (index == kMany / 2 && TaskContext::get()->attemptNumber() == 0 && std::fopen(once.c_str(), "wx") != nullptr)
          std::_Exit(3);
        return all;
      },
      folder.path() + "/once");
  CHECK(dying.glom().collect() == expected);
}

}  // namespace cerium::testing
