// Cerium. Licensed under the Apache License 2.0.
#include "rdd/api/support.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <numeric>

namespace cerium::api {

PlainResults::PlainResults(size_t tasks, size_t bytes_each)
    : tasks_(tasks), bytes_each_(bytes_each), missing_(tasks), bytes_(new char[tasks * bytes_each]) {}

void PlainResults::put(size_t index, TaskResult&& result) {
  const void* from = result.value ? result.value.get() : result.encoded.data();
  if (!result.value && result.encoded.size() != bytes_each_) return;
  --missing_;
  std::memcpy(bytes_.get() + index * bytes_each_, from, bytes_each_);
}

void PlainResults::checkAll() const {
  if (missing_ == 0) return;
  throw CorruptData(fmt::format("{} of the results of {} tasks did not come as the {} bytes that each has", missing_,
                                tasks_, bytes_each_));
}

int checkedTotal(const CallSite& site, int64_t partitions) {
  constexpr int64_t kMost = std::numeric_limits<int>::max();
  if (partitions >= 0 && partitions <= kMost) return static_cast<int>(partitions);
  throw InvalidArgument(
      fmt::format("{}: that would be {} partitions; there can be {} at most, so use fewer "
                  "(coalesce the parents, or name a smaller number)",
                  site.str(), partitions, kMost));
}

int checkedPartitions(const CallSite& site, int64_t partitions) {
  if (partitions > 0) return checkedTotal(site, partitions);
  throw InvalidArgument(
      fmt::format("{}: the number of partitions is {}; it must be at least 1", site.str(), partitions));
}

void checkSameContext(const JobRunner& runner, const CallSite& site, const RddNode& other) {
  if (other.context() == runner.contextId()) return;
  throw InvalidArgument(
      fmt::format("{}: the RDD \"{}\" belongs to another Context; make all RDDs of an operation with "
                  "one Context (collect it there, and parallelize it here)",
                  site.str(), other.site().str()));
}

void adopt(const JobRunner& runner, RddNode& node) {
  node.setContext(runner.contextId());
  for (const Dependency& dependency : node.dependencies()) checkSameContext(runner, node.site(), *dependency.parent());
}

std::vector<int> allPartitions(int n) {
  std::vector<int> partitions(static_cast<size_t>(n));
  std::iota(partitions.begin(), partitions.end(), 0);
  return partitions;
}

}  // namespace cerium::api
