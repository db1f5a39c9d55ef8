// Cerium. Licensed under the Apache License 2.0.
// The tables of jobs, stages, executors, blocks and settings.
#include "web-ui/api/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/config/config_keys.h"
#include "web-ui/api/parameters.h"
#include "web-ui/api/rows.h"
#include "web-ui/api/spark_json.h"
#include "web-ui/api/table.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using http::Request;
using store::Application;

namespace {

/// Whether something that lasted from `begin` to `end` (0: still lasts) is in the range that the request names.
bool isInRange(const Request& request, store::Instant begin, store::Instant end) {
  const auto from = parameter<int64_t>(request, "from", INT64_MIN);
  const auto to = parameter<int64_t>(request, "to", INT64_MAX);
  return begin <= to && (end == 0 || end >= from);
}
bool hasStatus(const object& row, const Request& request, const char* field) {
  const std::string wanted = request.get("status");
  return wanted.empty() || row.at(field).as_string() == wanted;
}

}  // namespace

object jobTable(const Application& app, store::Instant now, const Request& request) {
  std::vector<object> rows;
  for (const auto& [id, job] : app.jobs) {
    if (!isInRange(request, job.submitted, job.ended)) continue;
    object row = jobRow(app, job, now);
    if (hasStatus(row, request, "status")) rows.push_back(std::move(row));
  }
  return pageOf(std::move(rows), request, "-jobId");
}

object stageTable(const Application& app, store::Instant now, const Request& request) {
  const auto wanted_job = parameter<int64_t>(request, "jobId", -1);
  std::vector<object> rows;
  for (auto each = app.stages.rbegin(); each != app.stages.rend(); ++each) {
    const store::Stage& stage = each->second;
    if (wanted_job >= 0 && !stage.jobs.contains(wanted_job)) continue;
    const bool in_range =
        stage.submitted == 0 ? request.get("from").empty() : isInRange(request, stage.submitted, stage.ended);
    if (!in_range) continue;
    object row = stageRow(app, stage, now);
    if (hasStatus(row, request, "status")) rows.push_back(std::move(row));
  }
  return pageOf(std::move(rows), request, "-stageId");
}

object executorTable(const Application& app, store::Instant now, const Request& request) {
  std::vector<object> rows;
  for (const auto& [id, executor] : app.executors) {
    object row = executorRow(executor, now);
    if (hasStatus(row, request, "status")) rows.push_back(std::move(row));
  }
  return pageOf(std::move(rows), request, "id");
}

object executorOf(const Application& app, store::Instant now, const Request& request) {
  const auto found = app.executors.find(request.params.at("executor"));
  if (found == app.executors.end()) throw http::Refusal{404, "unknown executor: " + request.params.at("executor")};
  return executorRow(found->second, now);
}

object blockTable(const Application& app, const Request& request) {
  const auto id = place<int64_t>(request, "rdd");
  const auto found = app.rdds.find(id);
  if (found == app.rdds.end()) throw http::Refusal{404, fmt::format("unknown RDD: {}", id)};
  std::vector<object> rows;
  object rdd = rddJson(app, found->second);
  auto partition = found->second.order.begin();
  for (auto& block : rdd["partitions"].as_array()) {
    object row = std::move(block.as_object());
    row["partition"] = *partition;
    rows.push_back(std::move(row));
    ++partition;
  }
  return pageOf(std::move(rows), request, "partition");
}

namespace {

/// One setting; `known` is its entry in the table of Cerium's settings, null for one of a program's own or of Spark.
object settingRow(const eventlog::EnvironmentUpdate& environment, const std::string& key, const std::string* set,
                  const ConfigKey* known) {
  const std::string fallback = known == nullptr ? std::string() : std::string(known->default_value);
  const bool is_hidden = set != nullptr && *set == "(hidden)";
  const auto origin = environment.origins.find(key);
  object row{{"key", key},
             {"value", is_hidden        ? ""
                       : set == nullptr ? fallback
                                        : *set},
             {"origin", set == nullptr                        ? "default"
                        : origin == environment.origins.end() ? "code"
                                                              : origin->second},
             {"changed", set != nullptr && (known == nullptr || *set != fallback)},
             {"hidden", is_hidden}};
  if (known != nullptr) {
    row["default"] = fallback;
    row["text"] = known->doc;
  }
  return row;
}

array runtimeRows(const Application& app) {
  eventlog::Pairs all{app.cerium.empty() ? std::pair<std::string, std::string>("Spark version", app.version)
                                         : std::pair<std::string, std::string>("Cerium version", app.cerium)};
  all.insert(all.end(), app.environment.runtime.begin(), app.environment.runtime.end());
  all.insert(all.end(), app.environment.system.begin(), app.environment.system.end());
  array rows;
  for (const auto& [key, value] : all) {
    if (!value.empty())
      rows.push_back(
          object{{"key", key}, {"value", value}, {"origin", "default"}, {"changed", false}, {"hidden", false}});
  }
  return rows;
}

}  // namespace

object environmentTable(const Application& app, const Request& request) {
  std::map<std::string, std::string> given(app.environment.settings.begin(), app.environment.settings.end());
  std::vector<object> rows;
  if (!app.cerium.empty()) {
    for (const ConfigKey& known : configKeys()) {
      const std::string key(known.name);
      const auto set = given.extract(key);
      rows.push_back(settingRow(app.environment, key, set ? &set.mapped() : nullptr, &known));
    }
  }
  for (const auto& [key, value] : given) rows.push_back(settingRow(app.environment, key, &value, nullptr));
  const auto is_changed = [](const object& row) { return row.at("changed").as_bool(); };
  const auto changed = std::count_if(rows.begin(), rows.end(), is_changed);
  const std::string origin = request.get("origin");
  std::erase_if(rows, [&](const object& row) {
    return (flag(request, "changed", false) && !is_changed(row)) ||
           (!origin.empty() && row.at("origin").as_string() != origin);
  });
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const object& a, const object& b) { return is_changed(a) && !is_changed(b); });
  object page = pageOf(std::move(rows), request, "");
  page["changed"] = changed;
  page["runtime"] = runtimeRows(app);
  return page;
}

}  // namespace cerium::api
