// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/failures.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <map>
#include <set>

#include "web-ui/api/parameters.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using http::Request;
using store::Application;
using store::Stage;
using store::Task;

namespace {

constexpr size_t kExecutorsNamed = 10;

/// Digits become '#', so that messages that differ in a record's number are the same.
std::string withoutNumbers(const std::string& text) {
  std::string plain;
  for (char c : text) {
    const bool is_digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (!is_digit) plain += c;
    if (is_digit && (plain.empty() || plain.back() != '#')) plain += '#';
  }
  return plain;
}

const char* kindOf(const eventlog::TaskFailure& failure) {
  if (failure.reason == "FetchFailed") return "fetchFailed";
  if (failure.reason == "ExecutorLostFailure") return "executorLost";
  if (failure.class_name == "cerium::EngineError") return "engineFailure";
  if (failure.class_name == "cerium::ResultRefused") return "notSent";
  return failure.reason == "ExceptionFailure" ? "userException" : "engineFailure";
}

/// Without the exception's type.
std::string messageOf(const eventlog::TaskFailure& failure) {
  const std::string type = failure.class_name + ": ";
  return failure.message.starts_with(type) ? failure.message.substr(type.size()) : failure.message;
}

struct Card {
  const Stage* stage = nullptr;
  const Task* task = nullptr;  ///< The first of them.
  int64_t count = 0;
  store::Instant first = INT64_MAX;
  store::Instant last = 0;
  std::set<std::string> executors;
  std::set<int64_t> jobs;
  bool ended_job = false;
  std::vector<std::string> chain;
};

/// Why a job failed names the failure of the task that ended it.
bool endedJob(const Application& app, const Stage& stage, const Task& task) {
  if (stage.status != store::StageStatus::kFailed) return false;
  for (int64_t id : stage.jobs) {
    const auto job = app.jobs.find(id);
    if (job == app.jobs.end() || job->second.status != store::JobStatus::kFailed) continue;
    const std::string own = messageOf(*task.failure);
    const std::string first_line = own.substr(0, own.find('\n'));
    if (job->second.failure.find(first_line) != std::string::npos ||
        stage.info->failure.find(first_line) != std::string::npos)
      return true;
  }
  return false;
}

/// What followed when an executor was lost: cause first.
std::vector<std::string> chainOf(const Application& app, const Stage& stage, const Task& task) {
  std::vector<std::string> chain;
  const std::string& id = app.texts.at(task.executor);
  const auto executor = app.executors.find(id);
  if (executor != app.executors.end() && !executor->second.active && executor->second.removed >= task.launched)
    chain.push_back(
        fmt::format("Executor {} on {} was lost: {}", id, executor->second.host, executor->second.removed_reason));
  if (task.failure->reason == "FetchFailed")
    chain.push_back(fmt::format("Task {} of stage {} could not read its input", task.id, stage.id()));
  if (const Stage* again = app.find(stage.id(), stage.attempt() + 1))
    chain.push_back(fmt::format("Stage {} ran again, as attempt {}, for {} tasks", stage.id(), again->attempt(),
                                again->info->num_tasks));
  return chain;
}

object cardJson(const Application& app, const std::string& id, const Card& card) {
  const Task& task = *card.task;
  const eventlog::TaskFailure& failure = *task.failure;
  array executors;
  for (const std::string& each : card.executors) {
    if (executors.size() < kExecutorsNamed) executors.emplace_back(each);
  }
  return {{"id", id},
          {"kind", kindOf(failure)},
          {"errorType", failure.class_name},
          {"message", messageOf(failure)},
          {"callSite", failure.call_site},
          {"endedJob", card.ended_job},
          {"count", card.count},
          {"firstAt", card.first},
          {"lastAt", card.last},
          {"jobId", card.jobs.empty() ? -1 : *card.jobs.rbegin()},
          {"stageId", card.stage->id()},
          {"attemptId", card.stage->attempt()},
          {"taskId", task.id},
          {"index", task.index},
          {"attempt", task.attempt},
          {"executorId", app.texts.at(task.executor)},
          {"host", app.texts.at(task.host)},
          {"executors", std::move(executors)},
          {"executorsTotal", card.executors.size()},
          {"logLines", array()},
          {"nativeStack", array()},
          {"chain", array(card.chain.begin(), card.chain.end())}};
}

bool isWanted(const Application& app, const Stage& stage, const Task& task, const Request* request) {
  if (request == nullptr) return true;
  const auto job = parameter<int64_t>(*request, "jobId", -1);
  const auto wanted_stage = parameter<int64_t>(*request, "stageId", -1);
  const std::string executor = request->get("executorId");
  return (job < 0 || stage.jobs.contains(job)) && (wanted_stage < 0 || stage.id() == wanted_stage) &&
         (executor.empty() || app.texts.at(task.executor) == executor);
}

std::vector<object> cards(const Application& app, const Request* request) {
  std::map<std::string, Card> by_text;
  for (const auto& [key, stage] : app.stages) {
    if (stage.failed == 0) continue;
    for (const Task& task : stage.tasks) {
      if (task.status != store::TaskStatus::kFailed || !task.failure || !isWanted(app, stage, task, request)) continue;
      Card& card = by_text[task.failure->class_name + "\n" + withoutNumbers(task.failure->message) + "\n" +
                           task.failure->call_site];
      if (card.task == nullptr) {
        card.stage = &stage;
        card.task = &task;
        card.chain = chainOf(app, stage, task);
      }
      ++card.count;
      card.first = std::min(card.first, task.finished);
      card.last = std::max(card.last, task.finished);
      card.executors.insert(app.texts.at(task.executor));
      card.jobs.insert(stage.jobs.begin(), stage.jobs.end());
      card.ended_job = card.ended_job || endedJob(app, stage, task);
    }
  }
  std::vector<std::pair<std::string, Card>> ordered(by_text.begin(), by_text.end());
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.ended_job, a.second.last) > std::pair(b.second.ended_job, b.second.last);
  });
  std::vector<object> json;
  for (const auto& [text, card] : ordered)
    json.push_back(cardJson(app, fmt::format("{:016x}", std::hash<std::string>()(text)), card));
  return json;
}

}  // namespace

std::vector<object> failureCards(const Application& app) { return cards(app, nullptr); }

object failuresPage(const Application& app, const Request& request) {
  std::vector<object> all = cards(app, &request);
  const auto offset = parameter<size_t>(request, "offset", 0);
  const auto length = parameter<size_t>(request, "length", 20);
  array page;
  for (size_t i = offset; i < all.size() && i - offset < length; ++i) page.push_back(std::move(all[i]));
  return {{"total", all.size()}, {"offset", offset}, {"failures", std::move(page)}};
}

}  // namespace cerium::api
