// Cerium. Licensed under the Apache License 2.0.
#include "rdd/job_runner.h"

namespace cerium {

std::shared_ptr<const ShuffleSizes> JobRunner::materialise(const std::shared_ptr<ShuffleDependency>& shuffle,
                                                           CallSite site) {
  auto sizes = std::make_shared<std::shared_ptr<const ShuffleSizes>>();
  JobRequest request;
  request.node = shuffle->parent();
  request.site = site;
  request.shuffle = shuffle;
  request.on_sizes = [sizes](std::shared_ptr<const ShuffleSizes> known) { *sizes = std::move(known); };
  submit(std::move(request))->wait();
  return *sizes;
}

}  // namespace cerium
