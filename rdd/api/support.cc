// Cerium. Licensed under the Apache License 2.0.
#include "rdd/api/support.h"

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

std::vector<int> allPartitions(int n) {
  std::vector<int> partitions(static_cast<size_t>(n));
  std::iota(partitions.begin(), partitions.end(), 0);
  return partitions;
}

}  // namespace cerium::api
