// Cerium. Licensed under the Apache License 2.0.
// K-means: each point goes to its nearest centre, each centre to the middle of its points, until nothing moves. The
// points stay cached in the executors; the centres travel with the function, as a value bound after it.
//   kmeans [POINTS]     random points around four known centres
#include <cerium/cerium.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <random>

struct Point {
  double x, y;
};
double squaredDistance(Point a, Point b) { return (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y); }

using Sum = std::pair<Point, int64_t>;  // of points, with their number

std::pair<int, Sum> toNearest(Point p, const std::vector<Point>& centres) {
  auto nearest = std::min_element(centres.begin(), centres.end(),
                                  [&](Point a, Point b) { return squaredDistance(p, a) < squaredDistance(p, b); });
  return {static_cast<int>(nearest - centres.begin()), {p, 1}};
}
Sum add(const Sum& a, const Sum& b) { return {{a.first.x + b.first.x, a.first.y + b.first.y}, a.second + b.second}; }

/// The i-th random point, near one of `centres`.
Point pointAround(int64_t i, const std::vector<Point>& centres) {
  std::minstd_rand random(static_cast<uint32_t>(cerium::Hash<int64_t>()(i)));
  std::normal_distribution<double> noise(0, 0.5);
  const Point centre = centres[static_cast<size_t>(i) % centres.size()];
  return {centre.x + noise(random), centre.y + noise(random)};
}

int main(int argc, char** argv) {
  cerium::Context sc(cerium::Conf().setAppName("k-means"));
  const int64_t n = argc > 1 ? std::stoll(argv[1]) : 100'000;
  const std::vector<Point> truth = {{1, 1}, {1, 8}, {7, 2}, {9, 9}};

  auto points = sc.range(n).map(pointAround, truth).cache();

  std::vector<Point> centres = points.take(truth.size());
  for (double moved = 1; moved > 1e-6;) {
    moved = 0;
    for (const auto& [index, sum] : points.map(toNearest, centres).reduceByKey(add).collect()) {
      const auto count = static_cast<double>(sum.second);
      const Point middle{sum.first.x / count, sum.first.y / count};
      moved += squaredDistance(middle, std::exchange(centres[static_cast<size_t>(index)], middle));
    }
  }

  bool right = true;
  for (size_t i = 0; i < truth.size(); ++i) {
    std::cout << centres[i].x << ' ' << centres[i].y << '\n';
    right = right && squaredDistance(centres[i], truth[i]) < 0.01;
  }
  return right ? 0 : 1;
}
