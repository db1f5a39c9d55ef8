// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/task_stream.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "web-ui/api/parameters.h"
#include "web-ui/api/spark_json.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using http::Request;
using store::Application;
using store::Instant;
using store::Stage;
using store::Task;

namespace {

constexpr size_t kMostBoxes = 10'000;
constexpr size_t kMostLanes = 400;
constexpr double kPhasePixels = 6;  // tasks that are wider show their phases

struct Range {
  Instant from;
  Instant to;
  double ms_per_pixel;
};

struct Lane {
  std::string executor;
  int core = 0;
  const store::Executor* of = nullptr;
};

/// Boxes as columns, as the answer has them.
struct Boxes {
  array lane, from, to, phase, stage, attempt, task, index, status, count, busy;
  [[nodiscard]] size_t size() const { return lane.size(); }
  object json() {
    return {{"lane", std::move(lane)},   {"from", std::move(from)},     {"to", std::move(to)},
            {"phase", std::move(phase)}, {"stageId", std::move(stage)}, {"attemptId", std::move(attempt)},
            {"taskId", std::move(task)}, {"index", std::move(index)},   {"status", std::move(status)},
            {"count", std::move(count)}, {"busyRatio", std::move(busy)}};
  }
};

/// One task in a lane.
struct Item {
  const Stage* stage;
  const Task* task;
  Instant from;
  Instant to;
};

Range rangeOf(const Application& app, Instant now, const Request& request) {
  Range range{parameter<int64_t>(request, "from", app.started), parameter<int64_t>(request, "to", now), 1};
  if (range.to <= range.from) range.to = range.from + 1;
  const auto width = std::clamp(parameter<int64_t>(request, "width", 1200), int64_t{50}, int64_t{10'000});
  range.ms_per_pixel = static_cast<double>(range.to - range.from) / static_cast<double>(width);
  return range;
}

/// The parts of a task's time, in the order in which they are drawn.
std::vector<std::pair<const char*, int64_t>> phasesOf(const Task& task, Instant from, Instant to) {
  if (!task.has_figures) return {{"compute", to - from}};
  const auto& figures = task.figures;
  const int64_t write = figures.shuffle_write_time / 1'000'000;
  const int64_t compute = std::max<int64_t>(0, figures.run_time - figures.fetch_wait_time - write);
  return {{"deserialize", figures.deserialize_time},
          {"fetchWait", figures.fetch_wait_time},
          {"compute", compute},
          {"shuffleWrite", write},
          {"resultSerialization", figures.result_serialization_time},
          {"gettingResult", task.gettingResultTime(to)}};
}

class Drawing {
 public:
  explicit Drawing(const Range& range) : range_(range) {}

  /// The tasks of one lane, in order of time.
  void lane(int64_t lane, const std::vector<Item>& items) {
    for (size_t i = 0; i < items.size();) {
      size_t end = i + 1;
      Instant until = items[i].to;
      // Whatever is narrower than a pixel shares a box with what follows within the pixel.
      while (end < items.size() && static_cast<double>(items[end].to - items[i].from) < range_.ms_per_pixel)
        until = std::max(until, items[end++].to);
      if (end - i == 1) {
        single(lane, items[i]);
      } else {
        merged(lane, items, i, end, until);
      }
      i = end;
    }
  }
  Boxes boxes;
  bool has_merged = false;

 private:
  void put(int64_t lane, double from, double to, const char* phase, const Item& item, bool is_one, int64_t count,
           double busy) {
    boxes.lane.emplace_back(lane);
    boxes.from.emplace_back(from - static_cast<double>(range_.from));
    boxes.to.emplace_back(to - static_cast<double>(range_.from));
    boxes.phase.emplace_back(phase);
    boxes.stage.emplace_back(item.stage->id());
    boxes.attempt.emplace_back(item.stage->attempt());
    boxes.task.emplace_back(is_one ? item.task->id : -1);
    boxes.index.emplace_back(is_one ? item.task->index : -1);
    boxes.status.emplace_back(nameOf(item.task->status));
    boxes.count.emplace_back(count);
    boxes.busy.emplace_back(busy);
  }
  void single(int64_t lane, const Item& item) {
    const auto from = static_cast<double>(item.from);
    const auto to = static_cast<double>(item.to);
    if (to - from < kPhasePixels * range_.ms_per_pixel) return put(lane, from, to, "compute", item, true, 1, 1);
    double at = from;
    for (const auto& [phase, took] : phasesOf(*item.task, item.from, item.to)) {
      if (took <= 0 || at >= to) continue;
      const double end = std::min(to, at + static_cast<double>(took));
      put(lane, at, end, phase, item, true, 1, 1);
      at = end;
    }
    if (at == from) put(lane, from, to, "compute", item, true, 1, 1);
  }
  void merged(int64_t lane, const std::vector<Item>& items, size_t begin, size_t end, Instant until) {
    has_merged = true;
    int64_t busy = 0;
    size_t shown = begin;
    for (size_t i = begin; i < end; ++i) {
      busy += items[i].to - items[i].from;
      if (items[i].task->status == store::TaskStatus::kFailed) shown = i;
    }
    const auto span = static_cast<double>(std::max<Instant>(1, until - items[begin].from));
    put(lane, static_cast<double>(items[begin].from), static_cast<double>(until), "mixed", items[shown], false,
        static_cast<int64_t>(end - begin), std::min(1.0, static_cast<double>(busy) / span));
  }

  const Range& range_;
};

using LaneKey = std::pair<std::string, int>;
struct Gathered {
  std::map<LaneKey, std::vector<Item>> lanes;
  int64_t tasks = 0;
};

Gathered gather(const Application& app, Instant now, const Range& range, const Request& request) {
  const auto wanted_stage = parameter<int64_t>(request, "stageId", -1);
  const auto wanted_attempt = parameter<int>(request, "attemptId", -1);
  std::vector<std::vector<std::vector<Item>*>> places;  // by executor's text and core, so that texts are looked up once
  Gathered gathered;
  const auto laneOf = [&](uint32_t executor, int core) -> std::vector<Item>& {
    if (places.size() <= executor) places.resize(executor + 1);
    auto& cores = places[executor];
    if (cores.size() <= static_cast<size_t>(core)) cores.resize(static_cast<size_t>(core) + 1);
    auto*& place = cores[static_cast<size_t>(core)];
    if (place == nullptr) place = &gathered.lanes[{app.texts.at(executor), core}];
    return *place;
  };
  std::map<uint32_t, int> running;
  for (const auto& [key, stage] : app.stages) {
    if (wanted_stage >= 0 && stage.id() != wanted_stage) continue;
    if (wanted_stage >= 0 && wanted_attempt >= 0 && stage.attempt() != wanted_attempt) continue;
    for (const Task& task : stage.tasks) {
      const Instant to = task.finished > 0 ? task.finished : now;
      const Instant from = task.began();
      if (to < range.from || from > range.to) continue;
      ++gathered.tasks;
      const int core = task.finished > 0 ? task.core : running[task.executor]++;
      laneOf(task.executor, core).push_back({&stage, &task, from, std::max(to, from + 1)});
    }
  }
  return gathered;
}

}  // namespace

object taskStream(const Application& app, Instant now, const Request& request) {
  Range range = rangeOf(app, now, request);
  Gathered gathered = gather(app, now, range, request);
  for (const auto& [id, executor] : app.executors) {  // idle cores have lanes, too
    const bool lived = executor.added <= range.to && (executor.removed == 0 || executor.removed >= range.from);
    for (int core = 0; lived && core < std::min(executor.cores, 64); ++core) (void)gathered.lanes[{id, core}];
  }
  // As many boxes as fit: the more lanes, the wider what shares a box.
  const auto shown = std::min(gathered.lanes.size(), kMostLanes);
  const double pixels = static_cast<double>(range.to - range.from) / range.ms_per_pixel;
  const double boxes_at_most = pixels * static_cast<double>(std::max<size_t>(1, shown));
  if (boxes_at_most > kMostBoxes && gathered.tasks > static_cast<int64_t>(kMostBoxes))
    range.ms_per_pixel *= boxes_at_most / kMostBoxes;
  Drawing drawing(range);
  array lanes;
  bool truncated = gathered.lanes.size() > kMostLanes;
  for (auto& [key, items] : gathered.lanes) {
    if (lanes.size() == kMostLanes) break;
    const auto found = app.executors.find(key.first);
    const store::Executor* executor = found == app.executors.end() ? nullptr : &found->second;
    lanes.push_back(
        object{{"executorId", key.first},
               {"host", executor == nullptr ? "" : executor->host},
               {"core", key.second},
               {"from", executor == nullptr || executor->added == 0 ? boost::json::value(nullptr)
                                                                    : boost::json::value(executor->added)},
               {"to", executor == nullptr || executor->removed == 0 ? boost::json::value(nullptr)
                                                                    : boost::json::value(executor->removed)}});
    std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.from < b.from; });
    drawing.lane(static_cast<int64_t>(lanes.size()) - 1, items);
  }
  return {{"from", range.from},
          {"to", range.to},
          {"now", now},
          {"lanes", std::move(lanes)},
          {"boxes", drawing.boxes.json()},
          {"tasks", gathered.tasks},
          {"merged", drawing.has_merged},
          {"truncated", truncated},
          {"lanesTotal", gathered.lanes.size()}};
}

}  // namespace cerium::api
