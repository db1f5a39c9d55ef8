// Cerium. Licensed under the Apache License 2.0.
// Events as the public structs of driver/listener.h show them.
#pragma once

#include "base/events/events.h"
#include "driver/listener.h"

namespace cerium {

[[nodiscard]] JobInfo viewOf(const events::JobStarted& event);
[[nodiscard]] JobInfo viewOf(const events::JobEnded& event);
[[nodiscard]] StageInfo viewOf(const events::StageSubmitted& event);
[[nodiscard]] StageInfo viewOf(const events::StageProgressed& event);
[[nodiscard]] StageInfo viewOf(const events::StageCompleted& event);
[[nodiscard]] TaskInfo viewOf(const events::TaskStarted& event);
[[nodiscard]] TaskInfo viewOf(const events::TaskEnded& event);
[[nodiscard]] ExecutorInfo viewOf(const events::ExecutorAdded& event);
[[nodiscard]] ExecutorInfo viewOf(const events::ExecutorRemoved& event);
/// Of several stages added up, none in particular.
[[nodiscard]] StageInfo viewOf(const events::StageFigures& figures);

}  // namespace cerium
