// Cerium. Licensed under the Apache License 2.0.
// The rules of the diagnosis, one function each. Private to diagnosis.cc.
#pragma once

#include <string>
#include <vector>

#include "web-ui/diagnosis/finding.h"
#include "web-ui/diagnosis/texts.h"
#include "web-ui/diagnosis/thresholds.h"
#include "web-ui/store/model.h"

namespace cerium::diagnosis {

/// What every rule sees.
struct Scene {
  const store::Application& app;
  store::Instant now;
  const Thresholds& limits;
  int cores = 0;  ///< The most that executors had at a time, as far as known.
};
using Findings = std::vector<Finding>;

// Of one stage attempt that ran.
void skew(const Scene& scene, const store::Stage& stage, Findings& found);
void smallTasks(const Scene& scene, const store::Stage& stage, Findings& found);
void fewPartitions(const Scene& scene, const store::Stage& stage, Findings& found);
void spill(const Scene& scene, const store::Stage& stage, Findings& found);
void slowNode(const Scene& scene, const store::Stage& stage, Findings& found);
void waiting(const Scene& scene, const store::Stage& stage, Findings& found);
void groupByKey(const Scene& scene, const store::Stage& stage, Findings& found);
void retried(const Scene& scene, const store::Stage& stage, Findings& found);
// Of one job.
void driverTime(const Scene& scene, const store::Job& job, Findings& found);
void largeResults(const Scene& scene, const store::Job& job, Findings& found);
// Of the application.
void recomputation(const Scene& scene, Findings& found);

/// A finding about a stage, with the stage as its first evidence.
[[nodiscard]] Finding aboutStage(const char* rule, const store::Stage& stage);
/// The run times of the tasks that succeeded, sorted; ms.
[[nodiscard]] std::vector<int64_t> runTimes(const store::Stage& stage);

}  // namespace cerium::diagnosis
