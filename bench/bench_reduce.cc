// Cerium. Licensed under the Apache License 2.0.
// reduce: reduceByKey over 50 million pairs of integers with a million keys. Both sides read pairs from memory and use
// the same hash table. In the baseline, each thread fills a table for each thread, and then each thread merges its
// column.
#include <memory>

#include "bench/bench.h"

namespace cerium::bench {
namespace {

using Pair = std::pair<int64_t, int64_t>;
using Table = CombineTable<int64_t, int64_t>;

Pair makePair(int64_t i) {
  const uint64_t random = Hash<int64_t>()(i);
  return {static_cast<int64_t>(random % 1'000'000), static_cast<int64_t>(random >> 40)};
}

/// Number of keys and a sum over all of them that depends on which value belongs to which key.
struct Total {
  uint64_t keys = 0;
  uint64_t checksum = 0;
  void add(int64_t key, int64_t value) {
    ++keys;
    checksum += Hash<Pair>()(Pair(key, value));
  }
};

void engine(Context& sc, const Options& options, Recorder& recorder) {
  auto pairs = sc.range(options.scaled(50'000'000)).map(makePair).cache();
  pairs.count();
  recorder.measure([&] {
    const Total total = pairs.reduceByKey(std::plus<>())
                            .aggregate(
                                Total(),
                                [](Total sum, const Pair& pair) {
                                  sum.add(pair.first, pair.second);
                                  return sum;
                                },
                                [](Total a, const Total& b) {
                                  return Total{a.keys + b.keys, a.checksum + b.checksum};
                                });
    return Answer{{total.keys, total.checksum}, {}};
  });
}

void baseline(int threads, const Options& options, Recorder& recorder) {
  const auto n = static_cast<size_t>(threads);
  std::vector<Pair> pairs(static_cast<size_t>(options.scaled(50'000'000)));
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = makePair(static_cast<int64_t>(i));
  recorder.measure([&] {
    std::vector<std::vector<std::unique_ptr<Table>>> tables(n);
    onThreads(threads, [&](int t) {
      auto& mine = tables[static_cast<size_t>(t)];
      for (size_t i = 0; i < n; ++i) mine.push_back(std::make_unique<Table>());
      const size_t end = sliceBegin(pairs.size(), t + 1, threads);
      for (size_t i = sliceBegin(pairs.size(), t, threads); i < end; ++i) {
        const auto& [key, value] = pairs[i];
        const uint64_t hash = Table::hashOf(key);
        mine[(hash >> 32) * n >> 32]->upsert(
            key, hash, [&] { return value; }, [&](int64_t& sum) { sum += value; });
      }
    });
    std::vector<Total> totals(n);
    onThreads(threads, [&](int t) {
      Table& merged = *tables[0][static_cast<size_t>(t)];
      for (size_t from = 1; from < n; ++from) {
        tables[from][static_cast<size_t>(t)]->forEach([&](Table::Entry& entry) {
          merged.upsert(
              entry.key, Table::hashOf(entry), [&] { return entry.value; }, [&](int64_t& sum) { sum += entry.value; });
        });
      }
      merged.forEach([&](Table::Entry& entry) { totals[static_cast<size_t>(t)].add(entry.key, entry.value); });
    });
    Answer answer{{0, 0}, {}};
    for (const Total& total : totals) {
      answer.exact[0] += total.keys;
      answer.exact[1] += total.checksum;
    }
    return answer;
  });
}

}  // namespace
}  // namespace cerium::bench

int main(int argc, char** argv) {
  using namespace cerium::bench;
  const Options options = parseOptions(argc, argv);
  return compare({"reduce", engine, baseline}, options);
}
