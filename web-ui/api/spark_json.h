// Cerium. Licensed under the Apache License 2.0.
// Parts of an application in the JSON of Spark's REST API: its field names, units and rules for what is left out.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "web-ui/store/model.h"

namespace cerium::api {

/// "2026-11-28T10:00:00.000GMT".
[[nodiscard]] std::string sparkTime(store::Instant at);

/// Metrics of shuffles that Spark pushes to mergers. Cerium has no such shuffles, so that all are 0.
inline constexpr const char* kPushed[] = {
    "corruptMergedBlockChunks", "mergedFetchFallbackCount",  "remoteMergedBlocksFetched",
    "localMergedBlocksFetched", "remoteMergedChunksFetched", "localMergedChunksFetched",
    "remoteMergedBytesRead",    "localMergedBytesRead",      "remoteMergedReqsDuration"};

/// Where the application comes from and whether it may still go on, which the store does not know.
struct Source {
  bool completed = false;           ///< It ended, or its log says so.
  store::Instant last_updated = 0;  ///< Of a log file; else now.
};

[[nodiscard]] boost::json::object applicationJson(const store::Application& app, const Source& source);
[[nodiscard]] boost::json::object jobJson(const store::Job& job);
/// Without tasks, executors and distributions.
[[nodiscard]] boost::json::object stageJson(const store::Stage& stage);
[[nodiscard]] boost::json::object taskJson(const store::Application& app, const store::Task& task, store::Instant now);
/// "executorSummary" of a stage, by executor.
[[nodiscard]] boost::json::object executorSummaryJson(const store::Stage& stage);
[[nodiscard]] boost::json::object executorStageJson(const store::ExecutorStage& there);
[[nodiscard]] boost::json::object executorJson(const store::Executor& executor);
[[nodiscard]] boost::json::object rddJson(const store::Application& app, const store::Rdd& rdd);
[[nodiscard]] boost::json::object environmentJson(const store::Application& app);

/// Spark's names: "ACTIVE", "SUCCEEDED", "RUNNING", ...
[[nodiscard]] const char* nameOf(store::StageStatus status);
[[nodiscard]] const char* nameOf(store::JobStatus status);
[[nodiscard]] const char* nameOf(store::TaskStatus status);

/// The quantiles of each metric over the tasks that succeeded; empty if there are none.
[[nodiscard]] boost::json::object taskSummaryJson(const store::Stage& stage, const std::vector<double>& quantiles);
/// The quantiles over the executors of a stage.
[[nodiscard]] boost::json::object executorDistributionsJson(const store::Stage& stage,
                                                            const std::vector<double>& quantiles);

}  // namespace cerium::api
