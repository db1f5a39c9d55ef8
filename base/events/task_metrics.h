// Cerium. Licensed under the Apache License 2.0.
// The measurements of a task. kTaskFigures is the only list of the fields; adding, comparing and encoding use it.
#pragma once

#include <array>
#include <cstdint>

namespace cerium {

/// The figures of one task, or the sum over the tasks of a stage or an application.
struct TaskMetrics {
  int64_t records_read = 0;  ///< From files.
  int64_t bytes_read = 0;
  int64_t records_written = 0;  ///< To files.
  int64_t bytes_written = 0;    ///< Before compression.
  int64_t shuffle_records_written = 0;
  int64_t shuffle_bytes_written = 0;
  int64_t shuffle_write_micros = 0;  ///< Time to put the finished output together, without what the functions took.
  int64_t shuffle_records_read = 0;
  int64_t shuffle_bytes_read = 0;
  int64_t remote_bytes_read = 0;  ///< The part of shuffle_bytes_read that crossed a process boundary.
  int64_t local_blocks_read = 0;  ///< Shuffle segments from the task's own executor.
  int64_t remote_blocks_read = 0;
  int64_t fetch_wait_micros = 0;  ///< Time that the task waited for remote segments.
  int64_t spilled_bytes = 0;
  int64_t result_bytes = 0;   ///< In encoded form; in local mode measured only if results are limited.
  int64_t decode_micros = 0;  ///< Time to decode the stage's code; 0 for tasks that found it decoded.
  int64_t run_micros = 0;
  int64_t cpu_micros = 0;         ///< Processor time of the task's own thread, without threads that its code starts.
  int64_t peak_memory_bytes = 0;  ///< The most that its operators held of the budget at a time; a sum has the largest.

  TaskMetrics& operator+=(const TaskMetrics& other);
  bool operator==(const TaskMetrics&) const = default;
};

/// A field of TaskMetrics and the name that users see.
struct TaskFigure {
  const char* name;
  int64_t TaskMetrics::*of;
};

inline constexpr std::array kTaskFigures{
    TaskFigure{.name = "recordsRead", .of = &TaskMetrics::records_read},
    TaskFigure{.name = "bytesRead", .of = &TaskMetrics::bytes_read},
    TaskFigure{.name = "recordsWritten", .of = &TaskMetrics::records_written},
    TaskFigure{.name = "bytesWritten", .of = &TaskMetrics::bytes_written},
    TaskFigure{.name = "shuffleRecordsWritten", .of = &TaskMetrics::shuffle_records_written},
    TaskFigure{.name = "shuffleBytesWritten", .of = &TaskMetrics::shuffle_bytes_written},
    TaskFigure{.name = "shuffleWriteMicros", .of = &TaskMetrics::shuffle_write_micros},
    TaskFigure{.name = "shuffleRecordsRead", .of = &TaskMetrics::shuffle_records_read},
    TaskFigure{.name = "shuffleBytesRead", .of = &TaskMetrics::shuffle_bytes_read},
    TaskFigure{.name = "remoteBytesRead", .of = &TaskMetrics::remote_bytes_read},
    TaskFigure{.name = "localBlocksRead", .of = &TaskMetrics::local_blocks_read},
    TaskFigure{.name = "remoteBlocksRead", .of = &TaskMetrics::remote_blocks_read},
    TaskFigure{.name = "fetchWaitMicros", .of = &TaskMetrics::fetch_wait_micros},
    TaskFigure{.name = "spilledBytes", .of = &TaskMetrics::spilled_bytes},
    TaskFigure{.name = "resultBytes", .of = &TaskMetrics::result_bytes},
    TaskFigure{.name = "decodeMicros", .of = &TaskMetrics::decode_micros},
    TaskFigure{.name = "runMicros", .of = &TaskMetrics::run_micros},
    TaskFigure{.name = "cpuMicros", .of = &TaskMetrics::cpu_micros},
    TaskFigure{.name = "peakMemoryBytes", .of = &TaskMetrics::peak_memory_bytes},
};
static_assert(sizeof(TaskMetrics) == kTaskFigures.size() * sizeof(int64_t), "kTaskFigures names each field once");

inline TaskMetrics& TaskMetrics::operator+=(const TaskMetrics& other) {
  const int64_t peak = peak_memory_bytes > other.peak_memory_bytes ? peak_memory_bytes : other.peak_memory_bytes;
  for (const TaskFigure& figure : kTaskFigures) this->*figure.of += other.*figure.of;
  peak_memory_bytes = peak;
  return *this;
}

}  // namespace cerium
