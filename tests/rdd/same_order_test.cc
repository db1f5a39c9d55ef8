// Cerium. Licensed under the Apache License 2.0.
// The order of every operator's output depends on its input alone: the same program gives the same bits with little
// memory and with much, on one thread and on several processes.
#include <map>
#include <ostream>

#include "base/serde/record_hash.h"
#include "tests/support/each_master.h"

namespace cerium {
namespace {

using testing::testConf;
using Pair = std::pair<std::string, int64_t>;

/// Represents the records of each partition in order: their number, and a hash of all their bits except padding.
struct Digest {
  size_t records = 0;
  uint64_t hash = 0;
  friend bool operator==(const Digest&, const Digest&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Digest& digest) {
    return out << digest.records << " records, hash " << digest.hash;
  }
};
using Outputs = std::map<std::string, Digest>;

template <class Rdd>
Digest digestOf(const Rdd& rdd) {
  const auto partitions = rdd.glom().collect();
  Digest digest{0, serde::recordHash(partitions)};
  for (const auto& each : partitions) digest.records += each.size();
  return digest;
}

Pair makePair(int64_t i) {
  const auto random = static_cast<int64_t>(Hash<int64_t>()(i) >> 8);
  return {"a key of some length, number " + std::to_string(random % 4000), i};
}
double inverse(int64_t i) { return 1.0 / static_cast<double>(i + 1); }

/// The output of each operator for the same input: some megabytes in four partitions.
Outputs outputsOf(Context& sc) {
  const auto pairs = sc.range(0, 24'000, 1, 4).map(makePair);
  const auto others = sc.range(50'000, 62'000, 1, 3).map(makePair);
  const auto numbers = sc.range(0, 60'000, 1, 4).map([](int64_t i) {
    return std::pair<int64_t, double>(static_cast<int64_t>(Hash<int64_t>()(i) % 20'000), inverse(i));
  });
  const auto plus = std::plus<>();
  Outputs all;
  all["reduceByKey"] = digestOf(pairs.reduceByKey(plus, 4));
  all["reduceByKey of doubles"] = digestOf(numbers.reduceByKey(plus, 4));
  all["foldByKey"] = digestOf(numbers.foldByKey(0.5, plus, 3));
  all["aggregateByKey"] = digestOf(pairs.aggregateByKey(
      std::vector<int64_t>(),
      [](std::vector<int64_t> group, int64_t value) {
        group.push_back(value);
        return group;
      },
      [](std::vector<int64_t> a, const std::vector<int64_t>& b) {
        a.insert(a.end(), b.begin(), b.end());
        return a;
      },
      4));
  all["combineByKey in place"] = digestOf(pairs.partitionBy(HashPartitioner(3)).reduceByKey(plus));
  all["groupByKey"] = digestOf(pairs.groupByKey(4));
  all["groupBy"] = digestOf(pairs.groupBy([](const Pair& pair) { return pair.second % 1000; }, 3));
  all["distinct"] = digestOf(pairs.keys().distinct(4));
  all["partitionBy"] = digestOf(pairs.partitionBy(HashPartitioner(5)));
  all["repartition"] = digestOf(pairs.repartition(6));
  all["repartition of an aggregation"] = digestOf(pairs.reduceByKey(plus, 4).repartition(3));
  all["sortByKey"] = digestOf(pairs.sortByKey(true, 3));
  all["sortBy, descending"] = digestOf(numbers.sortBy([](const auto& pair) { return pair.first; }, false, 3));
  all["repartitionAndSortWithinPartitions"] = digestOf(pairs.repartitionAndSortWithinPartitions(HashPartitioner(3)));
  all["join"] = digestOf(pairs.join(others, 4));
  all["leftOuterJoin"] = digestOf(pairs.leftOuterJoin(others, 4));
  all["rightOuterJoin"] = digestOf(pairs.rightOuterJoin(others, 4));
  all["fullOuterJoin"] = digestOf(pairs.fullOuterJoin(others, 4));
  all["cogroup"] = digestOf(pairs.cogroup(others, 4));
  all["cogroup of three"] = digestOf(pairs.cogroup(others, pairs, 3));
  all["subtractByKey"] = digestOf(pairs.subtractByKey(others, 4));
  all["subtract"] = digestOf(pairs.keys().subtract(others.keys(), 4));
  all["intersection"] = digestOf(pairs.keys().intersection(others.keys(), 4));
  all["union, coalesced"] = digestOf(pairs.union_(others).coalesce(2));
  all["zipWithIndex of an aggregation"] = digestOf(numbers.reduceByKey(plus, 4).zipWithIndex());
  all["randomSplit of an aggregation"] = digestOf(numbers.reduceByKey(plus, 4).randomSplit({0.3, 0.7}, 5).at(1));
  all["sampleByKey"] = digestOf(pairs.sampleByKey(true, {{makePair(1).first, 3.0}, {makePair(2).first, 2.0}}, 5));
  all["sample of groups"] = digestOf(pairs.groupByKey(4).sample(true, 1.5, 9));
  const double sum = numbers.reduceByKey(plus, 4).values().sum();
  const double tree_sum = numbers.values().treeReduce(plus);
  all["sum"] = {1, __builtin_bit_cast(uint64_t, sum)};
  all["treeReduce"] = {1, __builtin_bit_cast(uint64_t, tree_sum)};
  return all;
}

void compare(const Outputs& expected, const std::string& master) {
  INFO("master " << master);
  Context sc(testConf(master));
  const Outputs found = outputsOf(sc);
  for (const auto& [operation, digest] : expected) {
    INFO(operation);
    CHECK(digest == found.at(operation));
  }
}

}  // namespace

TEST_CASE("every operator's output is the same to the bit with one megabyte and with plenty, wherever it is computed",
          "[rdd][spilling]") {
  const Outputs expected = [] {
    Context sc(testConf("local[1]"));
    return outputsOf(sc);
  }();
  for (const auto& [operation, digest] : expected) {
    INFO(operation);
    CHECK(digest.records > 0);
  }
  for (const char* master : {"local[3]", "local-cluster[2,1,1m]", "local-cluster[1,2,3m]", "local-cluster[3,2,64m]"})
    compare(expected, master);
}

}  // namespace cerium
