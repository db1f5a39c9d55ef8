// Cerium. Licensed under the Apache License 2.0.
// The measurements of a task in an event log: Spark's, under Spark's names. kLogFigures is the only list of the fields;
// the reader and the writer of logs, the store and the web interfaces use it.
#pragma once

#include <array>
#include <cstdint>

namespace cerium::eventlog {

/// The figures of one task, or a sum over tasks. ms, ns where the name says cpu or write_time, bytes, counts.
struct TaskFigures {
  int64_t deserialize_time = 0;
  int64_t deserialize_cpu_time = 0;  ///< ns
  int64_t run_time = 0;
  int64_t cpu_time = 0;  ///< ns
  int64_t result_size = 0;
  int64_t gc_time = 0;
  int64_t result_serialization_time = 0;
  int64_t memory_spilled = 0;
  int64_t disk_spilled = 0;
  int64_t peak_memory = 0;
  int64_t input_bytes = 0;
  int64_t input_records = 0;
  int64_t output_bytes = 0;
  int64_t output_records = 0;
  int64_t remote_blocks_read = 0;
  int64_t local_blocks_read = 0;
  int64_t fetch_wait_time = 0;
  int64_t remote_bytes_read = 0;
  int64_t remote_bytes_read_to_disk = 0;
  int64_t local_bytes_read = 0;
  int64_t shuffle_records_read = 0;
  int64_t remote_requests_duration = 0;
  int64_t shuffle_bytes_written = 0;
  int64_t shuffle_write_time = 0;  ///< ns
  int64_t shuffle_records_written = 0;

  [[nodiscard]] int64_t shuffleBytesRead() const { return local_bytes_read + remote_bytes_read; }
  /// Adds each figure, the peak of memory too, as Spark does.
  TaskFigures& operator+=(const TaskFigures& other);
  bool operator==(const TaskFigures&) const = default;
};

/// Where Spark puts a figure: in the log, in the answer for a task, and in the answer for a stage.
struct LogFigure {
  const char* log_group;   ///< The object inside "Task Metrics"; empty: at its top level.
  const char* log_name;    ///< "Executor Run Time".
  const char* task_group;  ///< The object inside "taskMetrics"; empty: at its top level.
  const char* task_name;   ///< "executorRunTime".
  const char* stage_name;  ///< "executorRunTime", the field of StageData.
  const char* unit;        ///< "ms", "ns", "bytes" or "count".
  int64_t TaskFigures::*of;
};

namespace detail {
inline constexpr const char* kRead = "Shuffle Read Metrics";
inline constexpr const char* kWrite = "Shuffle Write Metrics";
inline constexpr const char* kIn = "Input Metrics";
inline constexpr const char* kOut = "Output Metrics";
}  // namespace detail

// clang-format off
inline constexpr std::array kLogFigures{
    LogFigure{"", "Executor Deserialize Time", "", "executorDeserializeTime", "executorDeserializeTime", "ms", &TaskFigures::deserialize_time},
    LogFigure{"", "Executor Deserialize CPU Time", "", "executorDeserializeCpuTime", "executorDeserializeCpuTime", "ns", &TaskFigures::deserialize_cpu_time},
    LogFigure{"", "Executor Run Time", "", "executorRunTime", "executorRunTime", "ms", &TaskFigures::run_time},
    LogFigure{"", "Executor CPU Time", "", "executorCpuTime", "executorCpuTime", "ns", &TaskFigures::cpu_time},
    LogFigure{"", "Peak Execution Memory", "", "peakExecutionMemory", "peakExecutionMemory", "bytes", &TaskFigures::peak_memory},
    LogFigure{"", "Result Size", "", "resultSize", "resultSize", "bytes", &TaskFigures::result_size},
    LogFigure{"", "JVM GC Time", "", "jvmGcTime", "jvmGcTime", "ms", &TaskFigures::gc_time},
    LogFigure{"", "Result Serialization Time", "", "resultSerializationTime", "resultSerializationTime", "ms", &TaskFigures::result_serialization_time},
    LogFigure{"", "Memory Bytes Spilled", "", "memoryBytesSpilled", "memoryBytesSpilled", "bytes", &TaskFigures::memory_spilled},
    LogFigure{"", "Disk Bytes Spilled", "", "diskBytesSpilled", "diskBytesSpilled", "bytes", &TaskFigures::disk_spilled},
    LogFigure{detail::kRead, "Remote Blocks Fetched", "shuffleReadMetrics", "remoteBlocksFetched", "shuffleRemoteBlocksFetched", "count", &TaskFigures::remote_blocks_read},
    LogFigure{detail::kRead, "Local Blocks Fetched", "shuffleReadMetrics", "localBlocksFetched", "shuffleLocalBlocksFetched", "count", &TaskFigures::local_blocks_read},
    LogFigure{detail::kRead, "Fetch Wait Time", "shuffleReadMetrics", "fetchWaitTime", "shuffleFetchWaitTime", "ms", &TaskFigures::fetch_wait_time},
    LogFigure{detail::kRead, "Remote Bytes Read", "shuffleReadMetrics", "remoteBytesRead", "shuffleRemoteBytesRead", "bytes", &TaskFigures::remote_bytes_read},
    LogFigure{detail::kRead, "Remote Bytes Read To Disk", "shuffleReadMetrics", "remoteBytesReadToDisk", "shuffleRemoteBytesReadToDisk", "bytes", &TaskFigures::remote_bytes_read_to_disk},
    LogFigure{detail::kRead, "Local Bytes Read", "shuffleReadMetrics", "localBytesRead", "shuffleLocalBytesRead", "bytes", &TaskFigures::local_bytes_read},
    LogFigure{detail::kRead, "Total Records Read", "shuffleReadMetrics", "recordsRead", "shuffleReadRecords", "count", &TaskFigures::shuffle_records_read},
    LogFigure{detail::kRead, "Remote Requests Duration", "shuffleReadMetrics", "remoteReqsDuration", "shuffleRemoteReqsDuration", "ms", &TaskFigures::remote_requests_duration},
    LogFigure{detail::kWrite, "Shuffle Bytes Written", "shuffleWriteMetrics", "bytesWritten", "shuffleWriteBytes", "bytes", &TaskFigures::shuffle_bytes_written},
    LogFigure{detail::kWrite, "Shuffle Write Time", "shuffleWriteMetrics", "writeTime", "shuffleWriteTime", "ns", &TaskFigures::shuffle_write_time},
    LogFigure{detail::kWrite, "Shuffle Records Written", "shuffleWriteMetrics", "recordsWritten", "shuffleWriteRecords", "count", &TaskFigures::shuffle_records_written},
    LogFigure{detail::kIn, "Bytes Read", "inputMetrics", "bytesRead", "inputBytes", "bytes", &TaskFigures::input_bytes},
    LogFigure{detail::kIn, "Records Read", "inputMetrics", "recordsRead", "inputRecords", "count", &TaskFigures::input_records},
    LogFigure{detail::kOut, "Bytes Written", "outputMetrics", "bytesWritten", "outputBytes", "bytes", &TaskFigures::output_bytes},
    LogFigure{detail::kOut, "Records Written", "outputMetrics", "recordsWritten", "outputRecords", "count", &TaskFigures::output_records},
};
// clang-format on
static_assert(sizeof(TaskFigures) == kLogFigures.size() * sizeof(int64_t), "kLogFigures names each field once");

inline TaskFigures& TaskFigures::operator+=(const TaskFigures& other) {
  for (const LogFigure& figure : kLogFigures) this->*figure.of += other.*figure.of;
  return *this;
}

}  // namespace cerium::eventlog
