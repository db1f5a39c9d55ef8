// Cerium. Licensed under the Apache License 2.0.
// Operations on RDDs of numbers, and the sketches behind approximate counts.
#pragma once

#include "rdd/api/actions.h"
#include "rdd/api/hyper_log_log.h"
#include "rdd/stat_counter.h"

namespace cerium::api {

/// The borders of `buckets` equal buckets over [low, high]. Throws InvalidArgument if low and high are not a range.
std::vector<double> evenBorders(double low, double high, int buckets);
/// The bucket of `x`, or -1 if `x` is outside. The last bucket includes its upper border. REQUIRES: ascending borders.
int bucketOf(const std::vector<double>& borders, double x);
/// Throws InvalidArgument unless there are two or more strictly ascending borders; exactly two may be equal.
void checkBorders(const std::vector<double>& borders);

template <class Self, class T, bool IsNumber = std::is_arithmetic_v<T>>
class Statistics {};

template <class Self, class T>
class Statistics<Self, T, true> {
 public:
  /// The sum: double for floating point, 64 bits for integers; 0 without records.
  auto sum(Where where = Where::current()) const {
    using Sum = std::conditional_t<std::is_floating_point_v<T>, double,
                                   std::conditional_t<std::is_unsigned_v<T>, uint64_t, int64_t>>;
    return self().aggregate(
        Sum{0}, [](Sum a, T x) { return a + static_cast<Sum>(x); }, [](Sum a, Sum b) { return a + b; }, where);
  }
  /// Count, mean, variance, minimum and maximum in one pass.
  StatCounter stats(Where where = Where::current()) const {
    return self().aggregate(
        StatCounter(), [](StatCounter a, T x) { return a.merge(static_cast<double>(x)); },
        [](StatCounter a, const StatCounter& b) { return a.merge(b); }, where);
  }
  /// The mean, variance and standard deviation of numbers, of the population and of a sample, as stats() computes them:
  /// one job, 40 bytes from each partition.
  double mean(Where where = Where::current()) const { return stats(where).mean(); }
  double variance(Where where = Where::current()) const { return stats(where).variance(); }
  double stdev(Where where = Where::current()) const { return stats(where).stdev(); }
  double sampleVariance(Where where = Where::current()) const { return stats(where).sampleVariance(); }
  double sampleStdev(Where where = Where::current()) const { return stats(where).sampleStdev(); }

  /// Counts in `buckets` equal buckets between the minimum and the maximum: (borders, counts). Runs two jobs.
  std::pair<std::vector<double>, std::vector<int64_t>> histogram(int buckets, Where where = Where::current()) const {
    if (buckets < 1) throw InvalidArgument(CallSite("histogram", where).str() + ": needs at least 1 bucket");
    const StatCounter range = stats(where);
    if (range.count() == 0) throw EmptyCollection(CallSite("histogram", where).str() + ": the RDD has no records");
    auto borders = evenBorders(range.min(), range.max(), buckets);
    return {borders, histogram(borders, where)};
  }
  /// Counts in the buckets between ascending borders. The last bucket includes its upper border; records outside are
  /// not counted.
  std::vector<int64_t> histogram(std::vector<double> borders, Where where = Where::current()) const {
    checkBorders(borders);
    auto count = [](PartitionRecords<T>& records, const std::vector<double>& edges) {
      std::vector<int64_t> counts(edges.size() - 1, 0);
      for (const T& x : records) {
        const int bucket = bucketOf(edges, static_cast<double>(x));
        if (bucket >= 0) ++counts[static_cast<size_t>(bucket)];
      }
      return counts;
    };
    std::vector<int64_t> total(borders.size() - 1, 0);
    auto parts =
        self().runPartitions(closure::bind(count, std::move(borders)), allPartitions(self().getNumPartitions()), where);
    for (const auto& part : parts) {
      for (size_t i = 0; i < part.size(); ++i) total[i] += part[i];
    }
    return total;
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

template <class Self, class T>
int64_t Actions<Self, T>::countApproxDistinct(double relative_sd, Where where) const {
  auto add = [](HyperLogLog sketch, const T& x) {
    sketch.add(Hash<T>()(x));
    return sketch;
  };
  auto merge = [](HyperLogLog a, const HyperLogLog& b) {
    a.merge(b);
    return a;
  };
  return aggregate(HyperLogLog(relative_sd), add, merge, where).estimate();
}

}  // namespace cerium::api
