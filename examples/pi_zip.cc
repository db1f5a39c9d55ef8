// Cerium. Licensed under the Apache License 2.0.
// Pi from random points in a square: the share of them inside the circle is pi / 4. zip and map only build lineage;
// sum runs the job.
//   pi_zip [POINTS]
#include <cerium/cerium.h>

#include <cmath>
#include <iomanip>
#include <iostream>
#include <random>

int main(int argc, char** argv) {
  cerium::Context sc(cerium::Conf().setAppName("pi by zip"));
  const int64_t n = argc > 1 ? std::stoll(argv[1]) : 10'000;

  std::mt19937_64 random(2017);
  std::uniform_real_distribution<double> uniform(-1, 1);
  auto numbers = [&] {
    std::vector<double> out(static_cast<size_t>(n));
    for (double& x : out) x = uniform(random);
    return out;
  };
  auto x = sc.parallelize(numbers());
  auto y = sc.parallelize(numbers());

  auto hits = x.zip(y).map(
      [](const std::pair<double, double>& p) { return p.first * p.first + p.second * p.second < 1 ? 1 : 0; });
  const double pi = 4.0 * static_cast<double>(hits.sum()) / static_cast<double>(n);
  std::cout << "pi is about " << std::setprecision(6) << pi << '\n';

  // The estimate's standard deviation is 1.64 / sqrt(n); a deviation of five of them practically never occurs.
  return std::abs(pi - M_PI) < 5 * 1.65 / std::sqrt(static_cast<double>(n)) ? 0 : 1;
}
