// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/findings.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "web-ui/api/parameters.h"
#include "web-ui/diagnosis/diagnosis.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using diagnosis::Finding;

namespace {

constexpr int64_t kKeptMs = 1000;

const char* nameOf(diagnosis::Severity severity) {
  switch (severity) {
    case diagnosis::Severity::kHigh:
      return "high";
    case diagnosis::Severity::kMedium:
      return "medium";
    case diagnosis::Severity::kLow:
      return "low";
  }
  return "low";
}

void putId(object& json, const char* name, int64_t id) {
  if (id >= 0) json[name] = id;
}

object linkJson(const diagnosis::Evidence& evidence) {
  object json{{"text", evidence.text}, {"to", evidence.to}};
  putId(json, "jobId", evidence.job);
  putId(json, "stageId", evidence.stage);
  putId(json, "attemptId", evidence.attempt);
  putId(json, "taskId", evidence.task);
  putId(json, "rddId", evidence.rdd);
  if (!evidence.executor.empty()) json["executorId"] = evidence.executor;
  return json;
}

}  // namespace

std::shared_ptr<const std::vector<Finding>> Diagnoses::of(const store::Application& app, store::Instant at) {
  const store::Instant now_at = now();
  const bool is_same = findings_ && app_ == app.id && (last_event_ == app.last_event || now_at - made_ < kKeptMs);
  if (is_same && (app.ended > 0 || now_at - made_ < kKeptMs)) return findings_;
  findings_ = std::make_shared<const std::vector<Finding>>(diagnosis::diagnose(app, at));
  app_ = app.id;
  made_ = now_at;
  last_event_ = app.last_event;
  return findings_;
}

object findingJson(const Finding& finding) {
  array figures;
  for (const auto& figure : finding.figures)
    figures.push_back(object{{"name", figure.name}, {"value", figure.value}, {"unit", figure.unit}});
  array evidence;
  for (const auto& each : finding.evidence) evidence.push_back(linkJson(each));
  array advice;
  for (const auto& each : finding.advice) {
    object json{{"text", each.text}};
    if (!each.key.empty()) json["key"] = each.key;
    if (!each.value.empty()) json["value"] = each.value;
    advice.push_back(std::move(json));
  }
  object json{{"id", fmt::format("{}-{}-{}-{}", finding.rule, finding.job, finding.stage, finding.attempt)},
              {"rule", finding.rule},
              {"severity", nameOf(finding.severity)},
              {"sentence", finding.sentence},
              {"figures", std::move(figures)},
              {"evidence", std::move(evidence)},
              {"advice", std::move(advice)}};
  if (finding.cost_ms > 0) json["costMs"] = finding.cost_ms;
  putId(json, "jobId", finding.job);
  putId(json, "stageId", finding.stage);
  putId(json, "attemptId", finding.attempt);
  return json;
}

object findingsJson(const std::vector<Finding>& findings, const http::Request& request) {
  const auto job = parameter<int64_t>(request, "jobId", -1);
  const auto stage = parameter<int64_t>(request, "stageId", -1);
  array json;
  for (const Finding& finding : findings) {
    if ((job < 0 || finding.job == job) && (stage < 0 || finding.stage == stage)) json.push_back(findingJson(finding));
  }
  return {{"findings", std::move(json)}};
}

}  // namespace cerium::api
