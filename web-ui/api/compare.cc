// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/compare.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <map>

#include "web-ui/api/rows.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using boost::json::value;
using store::Application;
using store::Stage;

namespace {

constexpr size_t kMostStages = 1000;

object sideOf(const Application& app, bool is_over) {
  eventlog::TaskFigures sum;
  int64_t tasks = 0, failed = 0;
  for (const auto& [key, stage] : app.stages) {
    sum += stage.figures;
    tasks += stage.completed + stage.failed + stage.killed;
    failed += stage.failed;
  }
  int64_t cores = 0;
  for (const auto& [id, executor] : app.executors) cores += executor.cores;
  return {{"id", app.id},
          {"name", app.name},
          {"status", statusOf(app, is_over)},
          {"startedAt", app.started},
          {"durationMs", std::max<int64_t>(0, viewTime(app, is_over) - app.started)},
          {"cores", cores},
          {"executors", app.executors.size()},
          {"tasks", tasks},
          {"failedTasks", failed},
          {"taskMs", sum.run_time},
          {"inputBytes", sum.input_bytes},
          {"shuffleReadBytes", sum.shuffleBytesRead()},
          {"spilledBytes", sum.disk_spilled}};
}

int64_t durationOf(const Stage& stage) { return stage.ended > 0 ? stage.ended - stage.submitted : -1; }
int64_t durationOf(const store::Job& job) { return job.ended > 0 ? job.ended - job.submitted : -1; }
value knownOrNull(int64_t ms) { return ms >= 0 ? value(ms) : value(nullptr); }

object comparedSide(const Stage& stage) {
  std::vector<int64_t> times;
  for (const auto& task : stage.tasks) {
    if (task.status == store::TaskStatus::kSuccess) times.push_back(task.figures.run_time);
  }
  std::sort(times.begin(), times.end());
  object json{{"id", stage.id()},
              {"attemptId", stage.attempt()},
              {"durationMs", knownOrNull(durationOf(stage))},
              {"tasks", stage.info->num_tasks},
              {"failedTasks", stage.failed}};
  if (!times.empty()) {
    json["medianTaskMs"] = times[times.size() / 2];
    json["maxTaskMs"] = times.back();
  }
  json["inputBytes"] = stage.figures.input_bytes;
  json["shuffleReadBytes"] = stage.figures.shuffleBytesRead();
  json["shuffleWriteBytes"] = stage.figures.shuffle_bytes_written;
  json["spilledBytes"] = stage.figures.disk_spilled;
  return json;
}
object comparedSide(const store::Job& job) {
  return {{"id", job.id},
          {"durationMs", knownOrNull(durationOf(job))},
          {"tasks", job.num_tasks},
          {"failedTasks", job.failed_tasks}};
}
const std::string& nameOf(const Stage& stage) { return stage.info->name; }
const std::string& nameOf(const store::Job& job) { return job.name; }
bool isCompared(const Stage& stage) { return stage.submitted > 0; }
bool isCompared(const store::Job&) { return true; }

/// Pairs of what has the same name, in the order in which it came; one side is null where the other run has none.
template <class All>
auto matched(const All& left, const All& right) {
  using Of = typename All::mapped_type;
  using Pair = std::pair<const Of*, const Of*>;
  std::map<std::pair<std::string, int>, Pair> pairs;
  for (const auto* all : {&left, &right}) {
    std::map<std::string, int> count;
    for (const auto& [key, each] : *all) {
      if (!isCompared(each)) continue;
      Pair& pair = pairs[{nameOf(each), count[nameOf(each)]++}];
      (all == &left ? pair.first : pair.second) = &each;
    }
  }
  std::vector<Pair> list;
  for (const auto& [key, pair] : pairs) list.push_back(pair);
  const auto difference = [](const Pair& pair) {
    return std::abs((pair.first == nullptr ? 0 : std::max<int64_t>(0, durationOf(*pair.first))) -
                    (pair.second == nullptr ? 0 : std::max<int64_t>(0, durationOf(*pair.second))));
  };
  std::stable_sort(list.begin(), list.end(),
                   [&](const Pair& a, const Pair& b) { return difference(a) > difference(b); });
  return list;
}

template <class Pairs>
array comparedJson(const Pairs& pairs) {
  array json;
  for (const auto& [left, right] : pairs) {
    if (json.size() == kMostStages) break;
    object one{{"name", nameOf(left == nullptr ? *right : *left)}};
    if (left != nullptr) one["left"] = comparedSide(*left);
    if (right != nullptr) one["right"] = comparedSide(*right);
    json.push_back(std::move(one));
  }
  return json;
}

array settingsJson(const Application& left, const Application& right) {
  std::map<std::string, std::pair<value, value>> all;
  for (const auto& [key, text] : left.environment.settings) all[key].first = text;
  for (const auto& [key, text] : right.environment.settings) all[key].second = text;
  array json;
  for (auto& [key, pair] : all) {
    if (pair.first != pair.second) json.push_back(object{{"key", key}, {"left", pair.first}, {"right", pair.second}});
  }
  return json;
}

}  // namespace

object compareJson(const Application& left, bool left_over, const Application& right, bool right_over) {
  const auto stages = matched(left.stages, right.stages);
  return {{"left", sideOf(left, left_over)},
          {"right", sideOf(right, right_over)},
          {"jobs", comparedJson(matched(left.jobs, right.jobs))},
          {"stages", comparedJson(stages)},
          {"stagesTotal", stages.size()},
          {"settings", settingsJson(left, right)}};
}

std::string traceJson(const Application& app, store::Instant now) {
  array events;
  const auto process = [&](int64_t id, const std::string& name) {
    events.push_back(object{{"name", "process_name"}, {"ph", "M"}, {"pid", id}, {"args", object{{"name", name}}}});
  };
  // Perfetto counts time in microseconds, and processes and threads by number.
  const auto span = [&](const std::string& name, int64_t pid, int64_t tid, store::Instant from, store::Instant to,
                        object args) {
    events.push_back(object{{"name", name},
                            {"ph", "X"},
                            {"pid", pid},
                            {"tid", tid},
                            {"ts", (from - app.started) * 1000},
                            {"dur", std::max<int64_t>(0, to - from) * 1000},
                            {"args", std::move(args)}});
  };
  process(0, "jobs and stages");
  for (const auto& [id, job] : app.jobs)
    span(job.name, 0, 0, job.submitted, job.ended > 0 ? job.ended : now, {{"job", id}});
  std::map<uint32_t, int64_t> pids;
  for (const auto& [key, stage] : app.stages) {
    if (stage.submitted == 0) continue;
    span(stage.info->name, 0, 1 + stage.id(), stage.submitted, stage.ended > 0 ? stage.ended : now,
         {{"stage", stage.id()}, {"attempt", stage.attempt()}});
    for (const auto& task : stage.tasks) {
      auto [pid, is_new] = pids.try_emplace(task.executor, static_cast<int64_t>(pids.size()) + 1);
      if (is_new) process(pid->second, "executor " + app.texts.at(task.executor));
      span(stage.info->name, pid->second, task.core, task.began(), task.finished > 0 ? task.finished : now,
           {{"task", task.id}, {"partition", task.index}, {"stage", stage.id()}, {"attempt", task.attempt}});
    }
  }
  return boost::json::serialize(object{{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}});
}

}  // namespace cerium::api
