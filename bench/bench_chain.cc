// Cerium. Licensed under the Apache License 2.0.
// chain: map, filter and sum of 100 million doubles in memory: the cost of a record in a chain of narrow operations,
// compared with a hand-written loop.
#include <cmath>

#include "bench/bench.h"

namespace cerium::bench {
namespace {

std::vector<double> input(const Options& options) {
  std::vector<double> numbers(static_cast<size_t>(options.scaled(100'000'000)));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i % 1000) * 0.25;
  return numbers;
}

void engine(Context& sc, const Options& options, Recorder& recorder) {
  auto numbers = sc.parallelize(input(options));
  recorder.measure([&] {
    const double sum = numbers.map([](double x) { return x * 1.5 + 1; }).filter([](double x) { return x > 100; }).sum();
    return Answer{{}, {sum}};
  });
}

void baseline(int threads, const Options& options, Recorder& recorder) {
  const std::vector<double> numbers = input(options);
  recorder.measure([&] {
    std::vector<double> sums(static_cast<size_t>(threads));
    onThreads(threads, [&](int t) {
      double sum = 0;
      const size_t end = sliceBegin(numbers.size(), t + 1, threads);
      for (size_t i = sliceBegin(numbers.size(), t, threads); i < end; ++i) {
        const double x = numbers[i] * 1.5 + 1;
        if (x > 100) sum += x;
      }
      sums[static_cast<size_t>(t)] = sum;
    });
    double sum = 0;
    for (double each : sums) sum += each;
    return Answer{{}, {sum}};
  });
}

}  // namespace
}  // namespace cerium::bench

int main(int argc, char** argv) {
  using namespace cerium::bench;
  const Options options = parseOptions(argc, argv);
  return compare({"chain", engine, baseline}, options);
}
