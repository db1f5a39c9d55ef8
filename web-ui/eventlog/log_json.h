// Cerium. Licensed under the Apache License 2.0.
// One line of an event log for one event: JSON as Spark 4 writes it, with Cerium's additions as further fields.
#pragma once

#include <string>

#include "web-ui/eventlog/log_events.h"

namespace cerium::eventlog {

/// Without the newline. Starts with {"Event":"..." as Spark's history server looks for.
[[nodiscard]] std::string toJson(const LogEvent& event);

}  // namespace cerium::eventlog
