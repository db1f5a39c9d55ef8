// Cerium. Licensed under the Apache License 2.0.
// The only place that catches what user code throws.
#include <chrono>
#include <utility>

#include "base/util/exception_text.h"
#include "executor/current_task.h"
#include "executor/executor.h"

namespace cerium {

thread_local volatile int64_t t_current_task = -1;

namespace {

constexpr size_t kMaxMessage = 64 * 1024;  // of an exception's text: it travels, and is shown

void setFailure(TaskReport& report, TaskReport::Outcome outcome, std::string_view message) {
  report.outcome = outcome;
  report.message = message.substr(0, kMaxMessage);
  if (message.size() > kMaxMessage) report.message += "... (" + std::to_string(message.size()) + " bytes in all)";
  report.value.reset();
  report.cells.clear();
}

void compute(const TaskLaunch& launch, TaskContext& task, ShuffleStore& shuffles, TaskReport& report) {
  TaskOutput output;
  launch.stage->body->run(task, output);
  task.complete();
  if (output.map_output) {
    // The report is of the output that is kept: that of another attempt may be here already.
    report.map_bytes = shuffles.put(*launch.stage->shuffle, launch.partition, std::move(*output.map_output))->bytes;
  }
  report.value = std::move(output.value);
  report.cells = std::move(task.cells());
}

}  // namespace

TaskReport runTask(const TaskLaunch& launch, TaskContext& task, ShuffleStore& shuffles) {
  const auto begin = std::chrono::steady_clock::now();
  TaskReport report;
  report.id = launch.id;
  report.stage = launch.stage;
  (void)closure::takeThrowSite();  // of an exception that user code itself caught before
  using Outcome = TaskReport::Outcome;
  try {
    try {
      compute(launch, task, shuffles, report);
    } catch (...) {
      if (const OperationSite* site = closure::takeThrowSite()) report.call_site = site->str();
      task.complete();  // listeners run for failed tasks too
      throw;
    }
  } catch (const TaskKilled& e) {
    setFailure(report, Outcome::kKilled, e.what());
  } catch (const FetchFailed& e) {
    setFailure(report, Outcome::kFetchFailed, e.what());
    report.shuffle = e.shuffle;
    report.map = e.map;
    report.source = e.source;
  } catch (const CorruptData& e) {
    setFailure(report, Outcome::kEngineFailure, e.what());
  } catch (const IoError& e) {
    setFailure(report, Outcome::kEngineFailure, e.what());
  } catch (const std::bad_alloc&) {
    setFailure(report, Outcome::kUserException,
               "out of memory; executor memory in use: " + std::to_string(task.services().memory().used()) + " of " +
                   std::to_string(task.services().memory().budget()) + " bytes");
    report.exception_type = "std::bad_alloc";
  } catch (...) {
    ExceptionText thrown = currentExceptionText();
    setFailure(report, Outcome::kUserException, thrown.message);
    report.exception_type = std::move(thrown.type);
  }
  if (report.outcome != Outcome::kSuccess && task.isInterrupted() && report.outcome != Outcome::kFetchFailed) {
    report.outcome = Outcome::kKilled;
  }
  report.metrics = task.metrics();
  report.metrics.run_micros =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace cerium
