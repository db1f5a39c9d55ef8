// Cerium. Licensed under the Apache License 2.0.
// Logistic regression by gradient descent: finds the plane between two clouds of points. Each iteration maps the cached
// points to their gradients and adds them on the executors; only one vector for each task returns.
//   logistic_regression [POINTS [ITERATIONS]]
#include <cerium/cerium.h>

#include <array>
#include <cmath>
#include <iostream>
#include <random>

constexpr size_t kDimensions = 10;
using Vector = std::array<double, kDimensions>;
struct DataPoint {
  Vector x;
  double y;  // 1 or -1: the point's cloud
};

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (size_t i = 0; i < kDimensions; ++i) sum += a[i] * b[i];
  return sum;
}
Vector add(Vector a, const Vector& b) {
  for (size_t i = 0; i < kDimensions; ++i) a[i] += b[i];
  return a;
}

DataPoint randomPoint(int64_t i) {
  std::minstd_rand random(static_cast<uint32_t>(cerium::Hash<int64_t>()(i)));
  std::normal_distribution<double> noise;
  DataPoint point{{}, i % 2 == 0 ? 1.0 : -1.0};
  for (double& x : point.x) x = noise(random) + 0.7 * point.y;
  return point;
}

int main(int argc, char** argv) {
  cerium::Context sc(cerium::Conf().setAppName("logistic regression"));
  const int64_t n = argc > 1 ? std::stoll(argv[1]) : 50'000;
  const int iterations = argc > 2 ? std::stoi(argv[2]) : 5;

  auto points = sc.range(n).map(randomPoint).cache();
  Vector w{};
  w[0] = -1;  // a bad start
  for (int i = 0; i < iterations; ++i) {
    auto gradient = points
                        .map([w](const DataPoint& p) {  // an array may be captured: its bytes are its value
                          const double scale = (1 / (1 + std::exp(-p.y * dot(w, p.x))) - 1) * p.y;
                          Vector g = p.x;
                          for (double& each : g) each *= scale;
                          return g;
                        })
                        .reduce(add);
    for (size_t d = 0; d < kDimensions; ++d) w[d] -= gradient[d] / static_cast<double>(n) * 10;
  }

  const auto right = points.filter([w](const DataPoint& p) { return dot(w, p.x) * p.y > 0; }).count();
  std::cout << "accuracy " << static_cast<double>(right) / static_cast<double>(n) << '\n';
  return right * 100 > n * 95 ? 0 : 1;
}
