// Cerium. Licensed under the Apache License 2.0.
// sort: sortByKey over 50 million pairs of integers, and a pass that checks the order. The baseline cuts keys into
// ranges by a sample, moves each pair to its range and sorts the ranges. Both sides use the engine's radix sort.
#include <algorithm>
#include <memory>

#include "bench/bench.h"

namespace cerium::bench {
namespace {

using Pair = std::pair<int64_t, int64_t>;

Pair makePair(int64_t i) { return {static_cast<int64_t>(Hash<int64_t>()(i)), i}; }

/// A summary of a run of pairs; the checksum depends on the place of each pair.
struct Run {
  int64_t pairs = 0;
  uint64_t checksum = 0;
  bool in_order = true;
  int64_t first = 0;
  int64_t last = 0;

  void add(const Pair& pair) {
    if (pairs == 0) first = last = pair.first;
    in_order = in_order && last <= pair.first;
    last = pair.first;
    ++pairs;
    checksum += static_cast<uint64_t>(pair.first) ^ static_cast<uint64_t>(pair.second);
  }
};

Answer answerOf(const std::vector<Run>& runs) {
  Run all;
  for (const Run& run : runs) {
    if (run.pairs == 0) continue;
    all.in_order = all.in_order && run.in_order && (all.pairs == 0 || all.last <= run.first);
    if (all.pairs == 0) all.first = run.first;
    all.last = run.last;
    all.pairs += run.pairs;
    all.checksum += run.checksum;
  }
  return {{static_cast<uint64_t>(all.pairs), all.checksum, all.in_order, static_cast<uint64_t>(all.first),
           static_cast<uint64_t>(all.last)},
          {}};
}

void engine(Context& sc, const Options& options, Recorder& recorder) {
  auto pairs = sc.range(options.scaled(50'000'000)).map(makePair).cache();
  pairs.count();
  recorder.measure([&] {
    return answerOf(pairs.sortByKey()
                        .mapPartitions([](auto& records) {
                          Run run;
                          for (const Pair& pair : records) run.add(pair);
                          return std::vector<Run>{run};
                        })
                        .collect());
  });
}

/// Ascending bounds between `ranges` ranges with about as many pairs each.
std::vector<int64_t> boundsOf(const std::vector<Pair>& pairs, size_t ranges) {
  std::vector<int64_t> sample;
  for (size_t i = 0; i < pairs.size(); i += std::max<size_t>(1, pairs.size() / (100 * ranges))) {
    sample.push_back(pairs[i].first);
  }
  std::sort(sample.begin(), sample.end());
  std::vector<int64_t> bounds;
  for (size_t r = 1; r < ranges; ++r) bounds.push_back(sample[sample.size() * r / ranges]);
  return bounds;
}

void baseline(int threads, const Options& options, Recorder& recorder) {
  const auto n = static_cast<size_t>(threads);
  std::vector<Pair> pairs(static_cast<size_t>(options.scaled(50'000'000)));
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = makePair(static_cast<int64_t>(i));
  recorder.measure([&] {
    const std::vector<int64_t> bounds = boundsOf(pairs, n);
    std::vector<std::vector<RecordBuffer<Pair>>> parts(n);
    onThreads(threads, [&](int t) {
      std::vector<RecordBuffer<Pair>> mine(n);
      const size_t end = sliceBegin(pairs.size(), t + 1, threads);
      for (size_t i = sliceBegin(pairs.size(), t, threads); i < end; ++i) {
        const auto range = std::lower_bound(bounds.begin(), bounds.end(), pairs[i].first) - bounds.begin();
        mine[static_cast<size_t>(range)].emplace_back(pairs[i]);
      }
      parts[static_cast<size_t>(t)] = std::move(mine);
    });
    std::vector<Run> runs(n);
    onThreads(threads, [&](int t) {
      const auto range = static_cast<size_t>(t);
      RecordBuffer<Pair> sorted;
      size_t size = 0;
      for (const auto& from : parts) size += from[range].size();
      sorted.reserve(size);
      for (auto& from : parts) {
        for (const Pair& pair : from[range]) sorted.emplace_back(pair);
        from[range] = RecordBuffer<Pair>();
      }
      sortPairs(sorted, KeyOrder());
      for (const Pair& pair : sorted) runs[range].add(pair);
    });
    return answerOf(runs);
  });
}

}  // namespace
}  // namespace cerium::bench

int main(int argc, char** argv) {
  using namespace cerium::bench;
  const Options options = parseOptions(argc, argv);
  return compare({"sort", engine, baseline}, options);
}
