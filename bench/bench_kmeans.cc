// Cerium. Licensed under the Apache License 2.0.
// kmeans: ten iterations over 5 million cached points of ten dimensions, with ten centres. Each iteration maps a point
// to its nearest centre and sums by centre, as every k-means on RDDs does. The baseline has sums for each thread.
#include <array>

#include "bench/bench.h"

namespace cerium::bench {
namespace {

constexpr size_t kDimensions = 10;
constexpr size_t kCentres = 10;
constexpr int kIterations = 10;
using Point = std::array<double, kDimensions>;
using Centres = std::array<Point, kCentres>;
using Sum = std::pair<Point, int64_t>;  // of points, with their number

Point makePoint(int64_t i) {
  Point point;
  for (size_t d = 0; d < kDimensions; ++d) {
    const uint64_t random = Hash<int64_t>()(i * static_cast<int64_t>(kDimensions) + static_cast<int64_t>(d));
    point[d] =
        static_cast<double>(random >> 11) * 0x1p-53 + static_cast<double>((i * 7 + static_cast<int64_t>(d)) % 10);
  }
  return point;
}

Centres firstCentres() {
  Centres centres;
  for (size_t c = 0; c < kCentres; ++c) centres[c] = makePoint(static_cast<int64_t>(c * 3));
  return centres;
}

size_t nearest(const Point& point, const Centres& centres) {
  size_t best = 0;
  double least = 1e300;
  for (size_t c = 0; c < kCentres; ++c) {
    double distance = 0;
    for (size_t d = 0; d < kDimensions; ++d) {
      const double difference = point[d] - centres[c][d];
      distance += difference * difference;
    }
    if (distance < least) {
      least = distance;
      best = c;
    }
  }
  return best;
}

void addTo(Sum& sum, const Point& point, int64_t count) {
  for (size_t d = 0; d < kDimensions; ++d) sum.first[d] += point[d];
  sum.second += count;
}

void moveTo(Point& centre, const Sum& sum) {
  if (sum.second == 0) return;
  for (size_t d = 0; d < kDimensions; ++d) centre[d] = sum.first[d] / static_cast<double>(sum.second);
}

Answer answerOf(const Centres& centres) {
  Answer answer;
  for (const Point& centre : centres) answer.close.insert(answer.close.end(), centre.begin(), centre.end());
  return answer;
}

void engine(Context& sc, const Options& options, Recorder& recorder) {
  auto points = sc.range(options.scaled(5'000'000)).map(makePoint).cache();
  points.count();
  recorder.measure([&] {
    Centres centres = firstCentres();
    for (int i = 0; i < kIterations; ++i) {
      auto sums =
          points.map([centres](const Point& point) { return std::pair(nearest(point, centres), Sum(point, 1)); })
              .reduceByKey([](Sum a, const Sum& b) {
                addTo(a, b.first, b.second);
                return a;
              })
              .collect();
      for (const auto& [centre, sum] : sums) moveTo(centres[centre], sum);
    }
    return answerOf(centres);
  });
}

void baseline(int threads, const Options& options, Recorder& recorder) {
  std::vector<Point> points(static_cast<size_t>(options.scaled(5'000'000)));
  for (size_t i = 0; i < points.size(); ++i) points[i] = makePoint(static_cast<int64_t>(i));
  recorder.measure([&] {
    Centres centres = firstCentres();
    for (int i = 0; i < kIterations; ++i) {
      std::vector<std::array<Sum, kCentres>> sums(static_cast<size_t>(threads));
      onThreads(threads, [&](int t) {
        std::array<Sum, kCentres> mine{};
        const size_t end = sliceBegin(points.size(), t + 1, threads);
        for (size_t p = sliceBegin(points.size(), t, threads); p < end; ++p) {
          addTo(mine[nearest(points[p], centres)], points[p], 1);
        }
        sums[static_cast<size_t>(t)] = mine;
      });
      for (size_t c = 0; c < kCentres; ++c) {
        Sum all{};
        for (const auto& each : sums) addTo(all, each[c].first, each[c].second);
        moveTo(centres[c], all);
      }
    }
    return answerOf(centres);
  });
}

}  // namespace
}  // namespace cerium::bench

int main(int argc, char** argv) {
  using namespace cerium::bench;
  const Options options = parseOptions(argc, argv);
  return compare({"kmeans", engine, baseline}, options);
}
