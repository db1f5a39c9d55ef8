// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/tasks.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <functional>

#include "web-ui/api/parameters.h"
#include "web-ui/api/spark_json.h"
#include "web-ui/api/table.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using http::Request;
using store::Application;
using store::Instant;
using store::Stage;
using store::Task;
using Tasks = std::vector<const Task*>;
using Measure = std::function<int64_t(const Task&)>;

namespace {

struct Metric {
  std::string name;
  std::string unit;
  Measure of;
};

/// Spark's metrics of a task, and the times between its launch and its end.
const std::vector<Metric>& metrics() {
  static const std::vector<Metric> kAll = [] {
    std::vector<Metric> all{
        {"duration", "ms", [](const Task& task) { return task.duration(task.launched); }},
        {"schedulerDelay", "ms", [](const Task& task) { return task.schedulerDelay(); }},
        {"gettingResultTime", "ms", [](const Task& task) { return task.gettingResultTime(task.launched); }}};
    for (const eventlog::LogFigure& figure : eventlog::kLogFigures) {
      all.push_back({figure.stage_name, figure.unit, [of = figure.of](const Task& task) { return task.figures.*of; }});
    }
    all.push_back({"shuffleReadBytes", "bytes", [](const Task& task) { return task.figures.shuffleBytesRead(); }});
    return all;
  }();
  return kAll;
}

/// Sorts by a field of the rows that is a number; null if `field` is none.
Measure measureOf(const std::string& field, Instant now) {
  if (field == "taskId") return [](const Task& task) { return task.id; };
  if (field == "index" || field == "partitionId")
    return [](const Task& task) { return int64_t{task.index} * 1000 + task.attempt; };
  if (field == "attempt") return [](const Task& task) { return int64_t{task.attempt}; };
  if (field == "launchTime") return [](const Task& task) { return task.launched; };
  if (field == "duration") return [now](const Task& task) { return task.duration(now); };
  if (field == "speculative") return [](const Task& task) { return int64_t{task.speculative}; };
  for (const Metric& metric : metrics()) {
    if (metric.name == field) return metric.of;
  }
  return nullptr;
}
std::function<std::string(const Task&)> textOf(const Application& app, const std::string& field) {
  if (field == "executorId") return [&app](const Task& task) { return app.texts.at(task.executor); };
  if (field == "host") return [&app](const Task& task) { return app.texts.at(task.host); };
  if (field == "taskLocality") return [&app](const Task& task) { return app.texts.at(task.locality); };
  if (field == "status") return [](const Task& task) { return std::string(nameOf(task.status)); };
  if (field == "errorMessage")
    return [](const Task& task) { return task.failure ? task.failure->message : std::string(); };
  if (field == "errorType")
    return [](const Task& task) { return task.failure ? task.failure->class_name : std::string(); };
  return nullptr;
}

template <class Key>
void sortBy(Tasks& tasks, bool descending, const Key& key) {
  std::stable_sort(tasks.begin(), tasks.end(),
                   [&](const Task* a, const Task* b) { return descending ? key(*b) < key(*a) : key(*a) < key(*b); });
}

Tasks wantedTasks(const Application& app, const Stage& stage, const Request& request) {
  const std::string status = request.get("status");
  const std::string executor = request.get("executorId");
  const std::string search = request.get("search");
  const auto id = parameter<int64_t>(request, "taskId", -1);
  Tasks tasks;
  for (const Task& task : stage.tasks) {
    if (id >= 0 && task.id != id) continue;
    if (!status.empty() && status != nameOf(task.status)) continue;
    if (!executor.empty() && executor != app.texts.at(task.executor)) continue;
    const bool found = search.empty() || std::to_string(task.id) == search || std::to_string(task.index) == search ||
                       containsText(app.texts.at(task.executor), search) ||
                       containsText(app.texts.at(task.host), search) || containsText(nameOf(task.status), search) ||
                       (task.failure &&
                        (containsText(task.failure->message, search) || containsText(task.failure->call_site, search)));
    if (found) tasks.push_back(&task);
  }
  return tasks;
}

object taskRow(const Application& app, const Task& task, Instant now) {
  object row = taskJson(app, task, now);
  row["duration"] = task.duration(now);
  if (task.failure && !task.failure->class_name.empty()) row["errorType"] = task.failure->class_name;
  if (task.failure && !task.failure->call_site.empty()) row["callSite"] = task.failure->call_site;
  return row;
}

// ---- metrics

constexpr double kQuantiles[] = {0, 0.25, 0.5, 0.75, 0.95, 0.99, 1};
constexpr size_t kBuckets = 24;

/// Buckets from the least to the greatest value; logarithmic where the greatest is far from the median.
object histogram(const std::vector<int64_t>& sorted) {
  const auto low = static_cast<double>(sorted.front());
  const auto high = static_cast<double>(sorted.back());
  const auto median = static_cast<double>(sorted[sorted.size() / 2]);
  const bool is_log = high > 100 * std::max(median, 1.0);
  const size_t buckets = high > low ? kBuckets : 1;
  const auto scale = [&](double x) { return is_log ? std::log1p(x) : x; };
  const auto unscale = [&](double x) { return is_log ? std::expm1(x) : x; };
  array edges;
  for (size_t i = 0; i <= buckets; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(buckets);
    edges.push_back(i == 0 ? low : i == buckets ? high : unscale(scale(low) + part * (scale(high) - scale(low))));
  }
  std::vector<int64_t> counts(buckets);
  for (int64_t value : sorted) {
    const double part = high > low ? (scale(static_cast<double>(value)) - scale(low)) / (scale(high) - scale(low)) : 0;
    ++counts[std::min(buckets - 1, static_cast<size_t>(part * static_cast<double>(buckets)))];
  }
  return {{"edges", std::move(edges)}, {"counts", array(counts.begin(), counts.end())}};
}

/// Nothing if it is 0 for all tasks.
std::optional<object> metricJson(const Metric& metric, Tasks& tasks) {
  std::vector<std::pair<int64_t, const Task*>> values;
  int64_t sum = 0;
  for (const Task* task : tasks) {
    values.emplace_back(metric.of(*task), task);
    sum += values.back().first;
  }
  std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  if (values.front().first == 0 && values.back().first == 0) return std::nullopt;
  array quantiles;
  for (double quantile : kQuantiles) {
    const auto at = std::min(values.size() - 1, static_cast<size_t>(quantile * static_cast<double>(values.size())));
    quantiles.push_back(object{{"quantile", quantile},
                               {"value", values[at].first},
                               {"taskId", values[at].second->id},
                               {"index", values[at].second->index}});
  }
  std::vector<int64_t> sorted;
  for (const auto& [value, task] : values) sorted.push_back(value);
  return object{{"name", metric.name},
                {"unit", metric.unit},
                {"sum", sum},
                {"quantiles", std::move(quantiles)},
                {"histogram", histogram(sorted)}};
}

}  // namespace

object taskTable(const Application& app, const Stage& stage, Instant now, const Request& request) {
  const PageWish wish(request, "index");
  Tasks tasks = wantedTasks(app, stage, request);
  if (const Measure measure = measureOf(wish.sort_by, now)) {
    sortBy(tasks, wish.descending, measure);
  } else if (const auto text = textOf(app, wish.sort_by)) {
    sortBy(tasks, wish.descending, text);
  } else {
    throw http::Refusal{400, "tasks have no field to sort by: " + wish.sort_by};
  }
  array rows;
  for (size_t i = wish.offset; i < tasks.size() && i - wish.offset < wish.length; ++i)
    rows.push_back(taskRow(app, *tasks[i], now));
  return {{"total", tasks.size()}, {"offset", wish.offset}, {"rows", std::move(rows)}, {"forgotten", stage.forgotten}};
}

object stageMetrics(const Application& app, const Stage& stage) {
  Tasks tasks;
  for (const Task& task : stage.tasks) {
    if (task.status == store::TaskStatus::kSuccess && task.has_figures) tasks.push_back(&task);
  }
  array all;
  for (const Metric& metric : metrics()) {
    if (tasks.empty()) break;
    if (auto json = metricJson(metric, tasks)) all.push_back(std::move(*json));
  }
  array executors;
  for (const auto& [id, there] : stage.executors) {
    object row = executorStageJson(there);
    const auto found = app.executors.find(id);
    row["executorId"] = id;
    row["host"] = found == app.executors.end() ? "" : found->second.host;
    executors.push_back(std::move(row));
  }
  return {{"stageId", stage.id()},
          {"attemptId", stage.attempt()},
          {"tasks", tasks.size()},
          {"metrics", std::move(all)},
          {"executors", std::move(executors)}};
}

}  // namespace cerium::api
