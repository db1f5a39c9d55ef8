// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/storage.h"

#include <algorithm>
#include <boost/json.hpp>

#include "web-ui/api/parameters.h"
#include "web-ui/api/spark_json.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using store::Application;

object storageJson(const Application& app) {
  array rdds;
  for (const auto& [id, rdd] : app.rdds) {
    object row = rddJson(app, rdd);
    row.erase("partitions");
    row["callSite"] = rdd.call_site;
    rdds.push_back(std::move(row));
  }
  array executors;
  for (const auto& [id, executor] : app.executors) {
    if (!executor.active) continue;
    executors.push_back(object{{"executorId", id},
                               {"host", executor.host},
                               {"blocks", executor.rdd_blocks},
                               {"memoryUsedBytes", executor.memory_used},
                               {"memoryLimitBytes", executor.max_memory},
                               {"diskUsedBytes", executor.disk_used}});
  }
  return {{"rdds", std::move(rdds)}, {"executors", std::move(executors)}};
}

object executorSeries(const Application& app, store::Instant now, const http::Request& request) {
  const auto found = app.executors.find(request.params.at("executor"));
  if (found == app.executors.end()) throw http::Refusal{404, "unknown executor: " + request.params.at("executor")};
  const store::Executor& executor = found->second;
  const auto from = parameter<int64_t>(request, "from", executor.added);
  const auto to = parameter<int64_t>(request, "to", executor.removed > 0 ? executor.removed : now);
  const auto points = std::clamp(parameter<int64_t>(request, "points", 300), int64_t{2}, int64_t{3600});
  std::vector<const store::Use*> uses;
  for (const store::Use& use : executor.uses) {
    if (use.at >= from && use.at <= to) uses.push_back(&use);
  }
  const size_t step = uses.size() / static_cast<size_t>(points) + 1;
  array at;
  array operators;
  array blocks;
  array disk;
  for (size_t i = 0; i < uses.size(); i += step) {
    at.push_back(uses[i]->at);
    operators.push_back(uses[i]->memory - uses[i]->blocks);
    blocks.push_back(uses[i]->blocks);
    disk.push_back(uses[i]->disk);
  }
  array series;
  const auto limited = [&](const char* name, array values) {
    series.push_back(
        object{{"name", name}, {"unit", "bytes"}, {"values", std::move(values)}, {"limit", executor.max_memory}});
  };
  limited("execution", std::move(operators));
  limited("storage", std::move(blocks));
  series.push_back(object{{"name", "scratch"}, {"unit", "bytes"}, {"values", std::move(disk)}});
  return {{"from", from}, {"to", to}, {"at", std::move(at)}, {"series", std::move(series)}};
}

}  // namespace cerium::api
