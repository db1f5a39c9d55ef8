// Cerium. Licensed under the Apache License 2.0.
// Count, mean, variance, minimum and maximum of numbers, mergeable (Chan, Golub, LeVeque, "Updating formulae and a
// pairwise algorithm for computing sample variances", 1979).
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace cerium {

/// The result of `stats()`. Plain data. Without records the mean is 0 and variances are NaN.
class StatCounter {
 public:
  /// Adds one number, or all numbers of another counter.
  StatCounter& merge(double x) {
    ++count_;
    const double delta = x - mean_;
    mean_ += delta / static_cast<double>(count_);
    squares_ += delta * (x - mean_);
    min_ = x < min_ ? x : min_;
    max_ = x > max_ ? x : max_;
    return *this;
  }
  StatCounter& merge(const StatCounter& other) {
    if (other.count_ == 0) return *this;
    const double delta = other.mean_ - mean_;
    const auto mine = static_cast<double>(count_);
    const auto theirs = static_cast<double>(other.count_);
    count_ += other.count_;
    mean_ += delta * theirs / (mine + theirs);
    squares_ += other.squares_ + delta * delta * mine * theirs / (mine + theirs);
    min_ = other.min_ < min_ ? other.min_ : min_;
    max_ = other.max_ > max_ ? other.max_ : max_;
    return *this;
  }

  [[nodiscard]] int64_t count() const { return count_; }
  [[nodiscard]] double mean() const { return mean_; }
  [[nodiscard]] double sum() const { return mean_ * static_cast<double>(count_); }
  [[nodiscard]] double min() const { return min_; }
  [[nodiscard]] double max() const { return max_; }
  /// The variance of the whole population; NaN without records.
  [[nodiscard]] double variance() const { return squares_ / static_cast<double>(count_); }
  [[nodiscard]] double popVariance() const { return variance(); }
  [[nodiscard]] double stdev() const { return std::sqrt(variance()); }
  [[nodiscard]] double popStdev() const { return stdev(); }
  /// The variance of a sample (divides by count - 1); NaN for fewer than two records.
  [[nodiscard]] double sampleVariance() const {
    return count_ < 2 ? std::numeric_limits<double>::quiet_NaN() : squares_ / static_cast<double>(count_ - 1);
  }
  [[nodiscard]] double sampleStdev() const { return std::sqrt(sampleVariance()); }

  /// As Spark prints it: "(count: 3, mean: 2, stdev: 0.816497, max: 3, min: 1)".
  template <class Stream>
  friend Stream& operator<<(Stream& out, const StatCounter& s) {
    out << "(count: " << s.count() << ", mean: " << s.mean() << ", stdev: " << s.stdev() << ", max: " << s.max()
        << ", min: " << s.min() << ')';
    return out;
  }

 private:
  int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
  double min_ = std::numeric_limits<double>::infinity();
  double max_ = -std::numeric_limits<double>::infinity();
};

}  // namespace cerium
