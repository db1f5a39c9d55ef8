// Cerium. Licensed under the Apache License 2.0.
// Why an application is slow or failed: rules over what its store knows. The rules hold for logs of Spark as well.
#pragma once

#include <vector>

#include "web-ui/diagnosis/finding.h"
#include "web-ui/diagnosis/thresholds.h"
#include "web-ui/store/model.h"

namespace cerium::diagnosis {

/// The worst first. Pure. O(tasks that are kept).
[[nodiscard]] std::vector<Finding> diagnose(const store::Application& app, store::Instant now,
                                            const Thresholds& thresholds = {});

}  // namespace cerium::diagnosis
