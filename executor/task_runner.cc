// Cerium. Licensed under the Apache License 2.0.
// Runs a task and turns every exception of its code into a report.
#include <utility>

#include "base/util/clocks.h"
#include "base/util/exception_text.h"
#include "executor/current_task.h"
#include "executor/executor.h"

namespace cerium {

thread_local volatile int64_t t_current_task = -1;

namespace {

void setFailure(TaskReport& report, TaskReport::Outcome outcome, std::string message) {
  report.outcome = outcome;
  report.message = std::move(message);
  report.value.reset();
  report.cells.clear();
}

void compute(const TaskLaunch& launch, TaskContext& task, ShuffleStore& shuffles, TaskReport& report) {
  TaskOutput output;
  launch.stage->body->run(task, output);
  task.complete();
  task.close();
  if (output.map_output) {
    report.map_checksum = output.map_output->checksum;
    report.map_sizes = std::move(output.map_output->sizes);
    const bool is_kept = shuffles.put(*launch.stage->shuffle, launch.partition, std::move(*output.map_output), &task);
    if (!is_kept) throw TaskKilled("the task was told to stop before its map output was kept");
  }
  report.value = std::move(output.value);
  report.cells = std::move(task.cells());
}

}  // namespace

TaskReport runTask(const TaskLaunch& launch, TaskContext& task, ShuffleStore& shuffles) {
  const int64_t begin = monotonicMicros();
  const int64_t used_before = threadMicros();
  TaskReport report;
  report.id = launch.id;
  report.stage = launch.stage;
  (void)closure::takeThrowSite();  // clears the site of an exception that user code has caught itself
  using Outcome = TaskReport::Outcome;
  try {
    try {
      compute(launch, task, shuffles, report);
    } catch (...) {
      if (const CallSite* site = closure::takeThrowSite()) report.call_site = site->str();
      // Listeners run for failed tasks too, and the task's threads end with it. Their exceptions count less than the
      // first one.
      (void)guarded([&] { task.complete(); });
      (void)guarded([&] { task.close(); });
      throw;
    }
  } catch (const FetchFailed& e) {
    setFailure(report, Outcome::kFetchFailed, currentExceptionText().message);
    report.shuffle = e.shuffle;
    report.map = e.map;
    report.source = e.source;
  } catch (const TaskKilled&) {
    setFailure(report, Outcome::kKilled, currentExceptionText().message);
  } catch (const CorruptData&) {
    setFailure(report, Outcome::kEngineFailure, currentExceptionText().message);
  } catch (const IoError&) {
    setFailure(report, Outcome::kEngineFailure, currentExceptionText().message);
  } catch (const std::bad_alloc&) {
    setFailure(report, Outcome::kUserException,
               "out of memory; executor memory in use: " + std::to_string(task.services().memory().used()) + " of " +
                   std::to_string(task.services().memory().budget()) + " bytes");
    report.exception_type = "std::bad_alloc";
  } catch (...) {
    ExceptionText thrown = currentExceptionText();
    setFailure(report, Outcome::kUserException, std::move(thrown.message));
    report.exception_type = std::move(thrown.type);
  }
  if (report.outcome != Outcome::kSuccess && task.isInterrupted() && report.outcome != Outcome::kFetchFailed) {
    report.outcome = Outcome::kKilled;
    if (std::string why = task.whyFailed(); !why.empty()) setFailure(report, Outcome::kEngineFailure, std::move(why));
  }
  report.metrics = task.metrics();
  report.metrics.run_micros = monotonicMicros() - begin;
  if (launch.stage->decode_micros != 0) report.metrics.decode_micros = launch.stage->decode_micros.exchange(0);
  report.metrics.cpu_micros = threadMicros() - used_before;
  if (const MemoryShare* share = MemoryShare::current())
    report.metrics.peak_memory_bytes = static_cast<int64_t>(share->peak());
  return report;
}

void resultNotEncoded(TaskReport& report, const ExceptionText& thrown) {
  setFailure(report, TaskReport::Outcome::kUserException, "the result cannot be serialized: " + thrown.message);
  report.exception_type = thrown.type;
}

}  // namespace cerium
