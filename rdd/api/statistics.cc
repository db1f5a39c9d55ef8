// Cerium. Licensed under the Apache License 2.0.
#include "rdd/api/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cerium {

HyperLogLog::HyperLogLog(double relative_sd) {
  if (!(relative_sd >= 0.0001 && relative_sd <= 0.4)) {
    throw InvalidArgument(
        fmt::format("countApproxDistinct: the relative deviation is {}; it must lie in [0.0001, 0.4]", relative_sd));
  }
  bits_ = std::max(4, static_cast<int>(std::ceil(2 * std::log2(1.04 / relative_sd))));
  registers_.resize(size_t{1} << bits_);
}

void HyperLogLog::merge(const HyperLogLog& other) {
  for (size_t i = 0; i < registers_.size(); ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

int64_t HyperLogLog::estimate() const {
  const auto m = static_cast<double>(registers_.size());
  double sum = 0;
  double zeros = 0;
  for (uint8_t rank : registers_) {
    sum += std::ldexp(1.0, -rank);
    zeros += rank == 0 ? 1 : 0;
  }
  const double alpha = 0.7213 / (1 + 1.079 / m);
  double estimate = alpha * m * m / sum;
  if (estimate <= 2.5 * m && zeros > 0) estimate = m * std::log(m / zeros);
  return static_cast<int64_t>(std::llround(estimate));
}

namespace api {

std::vector<double> evenBorders(double low, double high, int buckets) {
  if (!std::isfinite(low) || !std::isfinite(high)) {
    throw InvalidArgument("histogram: the records include NaN or an infinite number; name the borders instead");
  }
  if (low == high) return {low, high};
  std::vector<double> borders;
  for (int i = 0; i < buckets; ++i) borders.push_back(low + (high - low) * i / buckets);
  borders.push_back(high);
  return borders;
}

int bucketOf(const std::vector<double>& borders, double x) {
  if (!(x >= borders.front() && x <= borders.back())) return -1;
  if (x == borders.back()) return static_cast<int>(borders.size()) - 2;
  return static_cast<int>(std::upper_bound(borders.begin(), borders.end(), x) - borders.begin()) - 1;
}

void checkBorders(const std::vector<double>& borders) {
  bool ascending = borders.size() >= 2;
  for (size_t i = 1; i < borders.size(); ++i)
    ascending = ascending && (borders[i - 1] < borders[i] || (borders.size() == 2 && borders[0] == borders[1]));
  if (!ascending) throw InvalidArgument("histogram: needs two borders or more, each greater than the one before");
}

}  // namespace api
}  // namespace cerium
