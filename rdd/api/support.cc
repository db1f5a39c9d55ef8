// Cerium. Licensed under the Apache License 2.0.
#include "rdd/api/support.h"

#include <fmt/format.h>

#include <limits>
#include <numeric>

namespace cerium::api {

PendingJob::PendingJob(const JobRunnerPtr& runner, OperationSite site, NodePtr node,
                       std::shared_ptr<const TaskBody> body, std::vector<int> partitions)
    : results_(std::make_shared<std::vector<TaskResult>>(partitions.size())) {
  JobRequest request{std::move(body), std::move(node), std::move(partitions), site, {}};
  request.on_result = [results = results_](size_t index, TaskResult&& result) {
    (*results)[index] = std::move(result);
  };
  handle_ = runner->submit(std::move(request));
}

void PendingJob::wait() const { handle_->wait(); }
size_t PendingJob::size() const { return results_->size(); }
TaskResult PendingJob::take(size_t index) const { return std::exchange((*results_)[index], {}); }

int checkedTotal(const OperationSite& site, int64_t partitions) {
  constexpr int64_t kMost = std::numeric_limits<int>::max();
  if (partitions >= 0 && partitions <= kMost) return static_cast<int>(partitions);
  throw InvalidArgument(
      fmt::format("{}: that would be {} partitions; there can be {} at most, so use fewer "
                  "(coalesce the parents, or name a smaller number)",
                  site.str(), partitions, kMost));
}

int checkedPartitions(const OperationSite& site, int64_t partitions) {
  if (partitions > 0) return checkedTotal(site, partitions);
  throw InvalidArgument(
      fmt::format("{}: the number of partitions is {}; it must be at least 1", site.str(), partitions));
}

void checkSameContext(const JobRunner& runner, const OperationSite& site, const RddNode& other) {
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
