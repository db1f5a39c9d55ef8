// Cerium. Licensed under the Apache License 2.0.
// What an action throws when its job failed.
#pragma once

#include <string>

#include "base/util/error.h"
#include "driver/scheduler/failure.h"

namespace cerium {

/// A job that failed or was cancelled. what() tells the whole story; the accessors give its parts.
class JobFailed : public Error {
 public:
  JobFailed(int64_t job, const std::string& action, Failure failure);

  [[nodiscard]] int64_t jobId() const { return job_; }
  [[nodiscard]] int64_t stageId() const { return failure_.stage.value; }
  [[nodiscard]] int partition() const { return failure_.partition; }
  [[nodiscard]] int attempts() const { return failure_.attempts; }
  [[nodiscard]] const std::string& host() const { return failure_.host; }
  /// The text and the type of the exception that the user's function threw.
  [[nodiscard]] const std::string& message() const { return failure_.message; }
  [[nodiscard]] const std::string& exceptionType() const { return failure_.exception_type; }
  /// The operation whose function threw, else the action: "map at wordcount.cc:12".
  [[nodiscard]] const std::string& callSite() const { return failure_.call_site; }
  /// For a crash: the signal (0 if none) and the native stack.
  [[nodiscard]] int signal() const { return failure_.signal; }
  [[nodiscard]] const std::string& stack() const { return failure_.stack; }
  [[nodiscard]] bool cancelled() const { return failure_.kind == Failure::Kind::kCancelled; }

 private:
  int64_t job_;
  Failure failure_;
};

}  // namespace cerium
