// Cerium. Licensed under the Apache License 2.0.
// Quantiles over tasks and over executors, as Spark's REST API gives them.
#include <algorithm>
#include <boost/json.hpp>

#include "web-ui/api/spark_json.h"

namespace cerium::api {
namespace {

using boost::json::array;
using boost::json::object;
using eventlog::TaskFigures;
using store::Task;

/// The values at the quantiles: those of index floor(q * n), at most the last, as Spark picks them.
class Quantiles {
 public:
  Quantiles(const std::vector<double>& quantiles, size_t count) {
    for (double quantile : quantiles)
      at_.push_back(std::min(static_cast<size_t>(quantile * static_cast<double>(count)), count - 1));
  }
  array of(std::vector<int64_t> values) const {
    std::sort(values.begin(), values.end());
    array json;
    for (size_t index : at_) json.push_back(static_cast<double>(values[index]));
    return json;
  }

 private:
  std::vector<size_t> at_;
};

/// Durations and delays of all tasks that ended: Spark counts the tasks that succeeded, and then takes these figures in
/// order from all of them.
template <class Pick>
std::vector<int64_t> ofAllEnded(const store::Stage& stage, Pick&& pick) {
  std::vector<int64_t> values;
  for (const Task& task : stage.tasks) {
    if (task.status != store::TaskStatus::kRunning) values.push_back(pick(task));
  }
  return values;
}

std::vector<const Task*> succeededTasks(const store::Stage& stage) {
  std::vector<const Task*> tasks;
  for (const Task& task : stage.tasks) {
    if (task.status == store::TaskStatus::kSuccess && task.has_figures) tasks.push_back(&task);
  }
  return tasks;
}

array given(const std::vector<double>& quantiles) { return array(quantiles.begin(), quantiles.end()); }

}  // namespace

object taskSummaryJson(const store::Stage& stage, const std::vector<double>& quantiles) {
  const auto tasks = succeededTasks(stage);
  if (tasks.empty()) return {};
  const Quantiles at(quantiles, tasks.size());
  const auto over = [&](auto&& pick) {
    std::vector<int64_t> values;
    values.reserve(tasks.size());
    for (const Task* task : tasks) values.push_back(pick(*task));
    return at.of(std::move(values));
  };
  const auto figure = [&](int64_t TaskFigures::*of) {
    return over([of](const Task& task) { return task.figures.*of; });
  };
  const array zeros = over([](const Task&) { return int64_t{0}; });
  object pushed;
  for (const char* name : kPushed) pushed[name] = zeros;
  return {
      {"quantiles", given(quantiles)},
      {"duration", at.of(ofAllEnded(stage, [](const Task& task) { return task.duration(task.finished); }))},
      {"executorDeserializeTime", figure(&TaskFigures::deserialize_time)},
      {"executorDeserializeCpuTime", figure(&TaskFigures::deserialize_cpu_time)},
      {"executorRunTime", figure(&TaskFigures::run_time)},
      {"executorCpuTime", figure(&TaskFigures::cpu_time)},
      {"resultSize", figure(&TaskFigures::result_size)},
      {"jvmGcTime", figure(&TaskFigures::gc_time)},
      {"resultSerializationTime", figure(&TaskFigures::result_serialization_time)},
      {"gettingResultTime", over([](const Task& task) { return task.gettingResultTime(task.finished); })},
      {"schedulerDelay", at.of(ofAllEnded(stage, [](const Task& task) { return task.schedulerDelay(); }))},
      {"peakExecutionMemory", figure(&TaskFigures::peak_memory)},
      {"memoryBytesSpilled", figure(&TaskFigures::memory_spilled)},
      {"diskBytesSpilled", figure(&TaskFigures::disk_spilled)},
      {"inputMetrics",
       object{{"bytesRead", figure(&TaskFigures::input_bytes)}, {"recordsRead", figure(&TaskFigures::input_records)}}},
      {"outputMetrics", object{{"bytesWritten", figure(&TaskFigures::output_bytes)},
                               {"recordsWritten", figure(&TaskFigures::output_records)}}},
      {"shuffleReadMetrics",
       object{{"readBytes", over([](const Task& task) { return task.figures.shuffleBytesRead(); })},
              {"readRecords", figure(&TaskFigures::shuffle_records_read)},
              {"remoteBlocksFetched", figure(&TaskFigures::remote_blocks_read)},
              {"localBlocksFetched", figure(&TaskFigures::local_blocks_read)},
              {"fetchWaitTime", figure(&TaskFigures::fetch_wait_time)},
              {"remoteBytesRead", figure(&TaskFigures::remote_bytes_read)},
              {"remoteBytesReadToDisk", figure(&TaskFigures::remote_bytes_read_to_disk)},
              {"totalBlocksFetched",
               over([](const Task& task) { return task.figures.local_blocks_read + task.figures.remote_blocks_read; })},
              {"remoteReqsDuration", figure(&TaskFigures::remote_requests_duration)},
              {"shufflePushReadMetricsDist", std::move(pushed)}}},
      {"shuffleWriteMetrics", object{{"writeBytes", figure(&TaskFigures::shuffle_bytes_written)},
                                     {"writeRecords", figure(&TaskFigures::shuffle_records_written)},
                                     {"writeTime", figure(&TaskFigures::shuffle_write_time)}}}};
}

object executorDistributionsJson(const store::Stage& stage, const std::vector<double>& quantiles) {
  if (stage.executors.empty()) return {};
  const Quantiles at(quantiles, stage.executors.size());
  const auto over = [&](auto&& pick) {
    std::vector<int64_t> values;
    for (const auto& [id, there] : stage.executors) values.push_back(pick(there));
    return at.of(std::move(values));
  };
  const auto figure = [&](int64_t TaskFigures::*of) {
    return over([of](const store::ExecutorStage& there) { return there.figures.*of; });
  };
  object peaks;
  for (size_t i = 0; i < eventlog::kPeaks.size(); ++i) {
    peaks[eventlog::kPeaks[i]] =
        over([i](const store::ExecutorStage& there) { return there.peaks ? (*there.peaks)[i] : int64_t{0}; });
  }
  return {{"quantiles", given(quantiles)},
          {"taskTime", over([](const auto& there) { return there.task_time; })},
          {"failedTasks", over([](const auto& there) { return int64_t{there.failed}; })},
          {"succeededTasks", over([](const auto& there) { return int64_t{there.succeeded}; })},
          {"killedTasks", over([](const auto& there) { return int64_t{there.killed}; })},
          {"inputBytes", figure(&TaskFigures::input_bytes)},
          {"inputRecords", figure(&TaskFigures::input_records)},
          {"outputBytes", figure(&TaskFigures::output_bytes)},
          {"outputRecords", figure(&TaskFigures::output_records)},
          {"shuffleRead", over([](const auto& there) { return there.figures.shuffleBytesRead(); })},
          {"shuffleReadRecords", figure(&TaskFigures::shuffle_records_read)},
          {"shuffleWrite", figure(&TaskFigures::shuffle_bytes_written)},
          {"shuffleWriteRecords", figure(&TaskFigures::shuffle_records_written)},
          {"memoryBytesSpilled", figure(&TaskFigures::memory_spilled)},
          {"diskBytesSpilled", figure(&TaskFigures::disk_spilled)},
          {"peakMemoryMetrics", std::move(peaks)}};
}

}  // namespace cerium::api
