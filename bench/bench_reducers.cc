// Cerium. Licensed under the Apache License 2.0.
// reducers: a reduceByKey of 100,000 pairs from 40 map tasks into 2,000 partitions, which is far too many: the cost of
// a reduce partition and of the pieces that it reads. The baseline is one table on each thread, merged at the end.
#include <unordered_map>

#include "bench/bench.h"

namespace cerium::bench {
namespace {

constexpr int kMaps = 40;
constexpr int kReducers = 2'000;

int64_t pairsOf(const Options& options) { return options.scaled(100'000); }
uint64_t keyOf(int64_t i) { return static_cast<uint64_t>(i) * 0x9e3779b97f4a7c15ULL % 20'011; }

void engine(Context& sc, const Options& options, Recorder& recorder) {
  auto pairs = sc.range(0, pairsOf(options), 1, kMaps).map([](int64_t i) { return std::pair(keyOf(i), i); });
  recorder.measure([&] {
    auto sums = pairs.reduceByKey([](int64_t a, int64_t b) { return a + b; }, kReducers);
    const auto keys = static_cast<uint64_t>(sums.count());
    return Answer{{keys, static_cast<uint64_t>(sums.values().reduce(std::plus<>()))}, {}};
  });
}

void baseline(int threads, const Options& options, Recorder& recorder) {
  recorder.measure([&] {
    std::vector<std::unordered_map<uint64_t, int64_t>> tables(static_cast<size_t>(threads));
    const auto n = static_cast<size_t>(pairsOf(options));
    onThreads(threads, [&](int thread) {
      auto& sums = tables[static_cast<size_t>(thread)];
      for (size_t i = sliceBegin(n, thread, threads); i < sliceBegin(n, thread + 1, threads); ++i)
        sums[keyOf(static_cast<int64_t>(i))] += static_cast<int64_t>(i);
    });
    for (size_t thread = 1; thread < tables.size(); ++thread) {
      for (const auto& [key, sum] : tables[thread]) tables[0][key] += sum;
    }
    int64_t total = 0;
    for (const auto& [key, sum] : tables[0]) total += sum;
    return Answer{{tables[0].size(), static_cast<uint64_t>(total)}, {}};
  });
}

}  // namespace
}  // namespace cerium::bench

int main(int argc, char** argv) {
  using namespace cerium::bench;
  return compare({"reducers", engine, baseline}, parseOptions(argc, argv));
}
