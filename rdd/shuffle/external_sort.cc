// Cerium. Licensed under the Apache License 2.0.
#include "rdd/shuffle/external_sort.h"

#include <utility>

#include "rdd/task_context.h"

namespace cerium {

ExternalSort::ExternalSort(TaskContext& task, SortBuffer& buffer) : buffer_(buffer), claim_(task.services().memory()) {}

void ExternalSort::added() {
  if (!claim_.isAskedToShrink() && claim_.grow(buffer_.bytes())) return;
  spill();
}

/// The merged runs become the first one, so that equal records keep their order.
void ExternalSort::spill() {
  if (runs_.size() == kMostRuns) {
    SpilledPieces one;
    buffer_.mergeRuns(std::exchange(runs_, {}), one);
    runs_.push_back(std::move(one));
  }
  buffer_.writeRun(runs_.emplace_back());
  claim_.release();
}

}  // namespace cerium
