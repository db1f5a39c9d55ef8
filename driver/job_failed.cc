// Cerium. Licensed under the Apache License 2.0.
#include "driver/job_failed.h"

#include <fmt/format.h>

namespace cerium {
namespace {

std::string story(int64_t job, const std::string& action, const Failure& failure) {
  std::string text = fmt::format("job {} ({}) ", job, action);
  if (failure.kind == Failure::Kind::kCancelled) return text + "was cancelled: " + failure.message;
  text += "failed";
  if (failure.stage.valid()) text += fmt::format(": stage {}", failure.stage.value);
  if (failure.partition >= 0) text += fmt::format(", partition {}", failure.partition);
  if (!failure.host.empty()) text += " on " + failure.host;
  if (failure.attempts > 0)
    text += fmt::format(", after {} attempt{}", failure.attempts, failure.attempts == 1 ? "" : "s");
  if (!failure.call_site.empty()) text += ", in " + failure.call_site;
  if (failure.kind == Failure::Kind::kCrash) text += ": the executor died";
  if (!failure.exception_type.empty()) text += ": " + failure.exception_type;
  if (!failure.message.empty()) text += ": " + failure.message;
  if (!failure.stack.empty()) text += "\n" + failure.stack;
  return text;
}

}  // namespace

JobFailed::JobFailed(int64_t job, const std::string& action, Failure failure)
    : Error(story(job, action, failure)), job_(job), failure_(std::move(failure)) {}

}  // namespace cerium
