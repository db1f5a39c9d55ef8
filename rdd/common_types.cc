// Cerium. Licensed under the Apache License 2.0.
#include "rdd/common_types.h"

#include "rdd/job_runner.h"

namespace cerium {
CERIUM_COMMON_TYPES()
}  // namespace cerium

template class std::vector<cerium::Dependency>;
template class std::vector<cerium::SpilledPtr>;
template class std::vector<std::vector<cerium::ShuffleSegment>>;
template class std::shared_ptr<cerium::RddNode>;
template class std::shared_ptr<cerium::JobRunner>;
