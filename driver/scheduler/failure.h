// Cerium. Licensed under the Apache License 2.0.
// Why a task, a stage or a job failed, as data. driver/job_failed.h turns it into the exception a user sees.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/util/ids.h"

namespace cerium {

/// A failure of one task attempt, or of a whole job where `task` is absent.
struct Failure {
  enum class Kind {
    kUserException,  ///< The user's function threw.
    kCrash,          ///< The executor process died, or stood still, while it ran the task.
    kExecutorLost,   ///< The executor vanished; not necessarily the task's fault.
    kFetchFailed,    ///< Input of the task is gone.
    kUnreachable,    ///< The task could not reach the executor that holds its input; others may.
    kInDriver,       ///< Of a task that cannot be sent, or whose result is refused; trying again is of no use.
    kEngine,         ///< Disk full, undecodable bytes, out of budget.
    kCancelled,      ///< The user cancelled the job.
    kKilled,         ///< Another attempt won, or nobody needs the task.
  };
  Kind kind = Kind::kEngine;
  std::string message;         ///< For a human; the user's own text for kUserException.
  std::string exception_type;  ///< Demangled, for kUserException.
  std::string call_site;       ///< "map at wordcount.cc:12".
  std::string host;
  std::string stack;  ///< Native stack, one frame a line; empty where none was taken.
  StageId stage;
  int partition = -1;
  ExecutorId executor;
  int attempts = 0;
  int signal = 0;  ///< For kCrash.
};

}  // namespace cerium
