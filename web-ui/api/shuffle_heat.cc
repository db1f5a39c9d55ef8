// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/shuffle_heat.h"

#include <algorithm>
#include <boost/json.hpp>

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using store::Stage;
using store::Task;

namespace {

constexpr int kBuckets = 64;
constexpr size_t kLargest = 10;

int64_t bytesOf(const Task& task, bool reads) {
  return reads ? task.figures.shuffleBytesRead() : task.figures.shuffle_bytes_written;
}

array sumsBy(const std::vector<const Task*>& tasks, bool reads, int num_tasks, int per_bucket) {
  std::vector<int64_t> sums(static_cast<size_t>((num_tasks + per_bucket - 1) / per_bucket));
  for (const Task* task : tasks) {
    const auto bucket = static_cast<size_t>(std::max(0, task->index) / per_bucket);
    if (bucket < sums.size()) sums[bucket] += bytesOf(*task, reads);
  }
  return array(sums.begin(), sums.end());
}

array largestOf(const Stage& stage, std::vector<const Task*> tasks) {
  std::sort(tasks.begin(), tasks.end(), [](auto* a, auto* b) { return bytesOf(*a, true) > bytesOf(*b, true); });
  if (tasks.size() > kLargest) tasks.resize(kLargest);
  array json;
  for (const Task* task : tasks) {
    json.push_back(object{{"partition", task->partition},
                          {"bytes", bytesOf(*task, true)},
                          {"stageId", stage.id()},
                          {"attemptId", stage.attempt()},
                          {"taskId", task->id}});
  }
  return json;
}

}  // namespace

object shuffleHeat(const Stage& stage, const http::Request& request) {
  const bool writes = stage.figures.shuffle_bytes_written > 0;
  const bool reads = request.get("side", writes ? "write" : "read") == "read";
  const int num_tasks = std::max(1, stage.info->num_tasks);
  const int per_bucket = (num_tasks + kBuckets - 1) / kBuckets;
  std::vector<const Task*> tasks;
  int64_t total = 0;
  for (const Task& task : stage.tasks) {
    if (task.status != store::TaskStatus::kSuccess) continue;
    tasks.push_back(&task);
    total += bytesOf(task, reads);
  }
  const array sums = sumsBy(tasks, reads, num_tasks, per_bucket);
  object json{{"known", total > 0},
              {"side", reads ? "read" : "write"},
              {"maps", reads ? 0 : num_tasks},
              {"reduces", reads ? num_tasks : 0},
              {"mapsPerBucket", reads ? 1 : per_bucket},
              {"reducesPerBucket", reads ? per_bucket : 1},
              {"bytes", array()},
              {"reduceBytes", reads ? sums : array()},
              {"mapBytes", reads ? array() : sums},
              {"largest", reads ? largestOf(stage, tasks) : array()},
              {"totalBytes", total}};
  if (total == 0) json["reason"] = reads ? "the stage has read no shuffle" : "the stage has written no shuffle";
  if (!reads && stage.info->shuffle) json["shuffleId"] = *stage.info->shuffle;
  return json;
}

}  // namespace cerium::api
