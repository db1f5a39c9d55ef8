// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/scheduler_loop.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "base/util/exception_text.h"
#include "base/util/log.h"
#include "rdd/accumulator_registry.h"
#include "rdd/closure.h"

namespace cerium {
namespace {

/// Adds a task's updates to the program's accumulators, whose operators may throw.
void mergeAccumulators(const FinishedTask& task) {
  auto& registry = AccumulatorRegistry::instance();
  const auto merge = [&](AccumulatorId id, const auto& how) {
    if (auto thrown = guarded(how)) {
      thrown->message = "a task's part cannot be added to " + registry.describe(id) + ": " + thrown->message;
      throw ThrownElsewhere(std::move(*thrown));
    }
  };
  for (const auto& each : task.report.cells) merge(each.first, [&] { registry.merge(each.first, *each.second); });
  for (const auto& each : task.encoded_cells) {
    merge(each.first, [&] {
      Reader in(each.second);
      registry.merge(each.first, in);
    });
  }
}

}  // namespace

SchedulerLoop::SchedulerLoop(Scheduler::Options options, ClusterBackend& backend, EventBus& bus,
                             std::unique_ptr<replay::InputLog> input_log)
    : backend_(backend), bus_(bus), scheduler_(options), input_log_(std::move(input_log)) {}

SchedulerLoop::~SchedulerLoop() { stop("the scheduler was destroyed"); }

void SchedulerLoop::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "cerium-sched");
}

void SchedulerLoop::stop(const std::string& reason) {
  if (!thread_.joinable()) return;
  happened(in::BackendFailed{reason});
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notifyOne();
  thread_.join();
}

void SchedulerLoop::queue(Item item) {
  bool was_empty;
  {
    MutexLock lock(mutex_);
    was_empty = items_.empty();
    items_.push_back(std::move(item));
  }
  if (was_empty) wake_.notifyOne();
}

Millis SchedulerLoop::now() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void SchedulerLoop::run() {
  constexpr auto kTick = std::chrono::milliseconds(100);
  auto next_tick = std::chrono::steady_clock::now() + kTick;
  MutexLock lock(mutex_);
  for (;;) {
    while (!stopping_ && items_.empty() && wake_.waitUntil(mutex_, next_tick)) {
    }
    auto items = std::exchange(items_, {});
    const bool is_end = items.empty() && stopping_;
    lock.unlock();
    if (is_end) return workGuarded([this] { end(); });
    while (!items.empty()) workGuarded([&] { work(items); });
    if (std::chrono::steady_clock::now() >= next_tick) {
      next_tick = std::chrono::steady_clock::now() + kTick;
      workGuarded([this] {
        backend_.tick(now());
        feed(in::Tick{backend_.isStartingExecutors()});
      });
    }
    lock.lock();
  }
}

void SchedulerLoop::end() {
  feed(in::Stopped{});
  if (input_log_) input_log_->flush();
}

/// After an internal error nothing is known to be right: all jobs of the Context fail, also later ones.
void SchedulerLoop::workGuarded(const std::function<void()>& action) {
  const auto thrown = guarded(action);
  if (!thrown) return;
  std::string why = "the scheduler of this Context cannot go on: " + thrown->str();
  if (input_log_) why += " (" + input_log_->save() + ")";
  log::error("{}", why);
  to_feed_.clear();
  happened(in::BackendFailed{std::move(why)});
}

/// The first of the items; with it, where it is the end of a task, the ends of the same executor that follow.
void SchedulerLoop::work(std::deque<Item>& items) {
  if (std::holds_alternative<Ended>(items.front())) return takeEnds(items);
  Item item = std::move(items.front());
  items.pop_front();
  if (auto* event = std::get_if<in::Event>(&item)) {
    feed(std::move(*event));
  } else {
    std::get<std::function<void()>>(item)();
  }
}

void SchedulerLoop::takeEnds(std::deque<Item>& items) {
  in::TasksEnded event{std::get<Ended>(items.front()).executor, {}, {}};
  const auto first_other = std::find_if(items.begin(), items.end(), [&](const Item& item) {
    const auto* next = std::get_if<Ended>(&item);
    return next == nullptr || next->executor != event.executor;
  });
  const auto count = static_cast<size_t>(first_other - items.begin());
  event.ends.reserve(count);
  ended_.clear();
  ended_.reserve(count);
  while (ended_.size() < count) {
    auto* next = std::get_if<Ended>(&items.front());
    TaskEnd& end = next->task.report;
    if (end.outcome == TaskEnd::Outcome::kFetchFailed && !backend_.reaches(end.source))
      event.unheard.insert(end.source);
    auto sizes = std::exchange(end.map_sizes, {});  // large, and not copied: only the scheduler needs them
    event.ends.push_back(end);
    event.ends.back().map_sizes = std::move(sizes);
    ended_.push_back(std::move(next->task));
    items.pop_front();
  }
  next_ended_ = 0;
  feed(std::move(event));
  ended_.clear();
}

void SchedulerLoop::feed(in::Event event) {
  if (is_watched_ != bus_.isWatched()) {
    is_watched_ = !is_watched_;
    to_feed_.emplace_back(in::ReadersChanged{is_watched_});
  }
  to_feed_.push_back(std::move(event));
  while (!to_feed_.empty()) {
    in::Event next = std::move(to_feed_.front());
    to_feed_.pop_front();
    for (auto& instruction : handle(std::move(next))) std::visit([this](auto& each) { carry(each); }, instruction);
  }
}

out::Instructions SchedulerLoop::handle(in::Event event) {
  const Millis time = now();
  if (input_log_) input_log_->record(event, time);
  auto instructions = scheduler_.handle(std::move(event), time);
  if (input_log_) input_log_->gave(instructions);
  return instructions;
}

// ---- from the program

void SchedulerLoop::submit(std::shared_ptr<RunningJob> job) {
  post([this, job = std::move(job)] {
    jobs_.emplace(job->id_, job);
    JobRequest& request = job->request_;
    auto shown = job->describe();
    feed(in::JobSubmitted{{job->id_, request.node, std::move(request.partitions), job->settings_.pool, request.shuffle},
                          std::move(shown)});
  });
}

void SchedulerLoop::cancelJobs(std::function<bool(const JobSettings&)> which, const std::string& reason) {
  post([this, which = std::move(which), reason] {
    std::vector<JobId> chosen;
    for (const auto& [id, job] : jobs_) {
      if (!which || which(job->settings_)) chosen.push_back(id);
    }
    for (JobId id : chosen) feed(in::JobCancelled{id, reason});
  });
}

void SchedulerLoop::waitUntilIdle() {
  auto done = std::make_shared<std::promise<void>>();
  post([done] { done->set_value(); });
  done->get_future().wait_for(std::chrono::seconds(10));  // a loop that is being stopped takes no more
}

std::string SchedulerLoop::explainWaiting() {
  auto text = std::make_shared<std::promise<std::string>>();
  auto answer = text->get_future();
  post([this, text] { text->set_value(scheduler_.explainWaiting(now())); });
  if (answer.wait_for(std::chrono::seconds(5)) == std::future_status::ready) return answer.get();
  return "the scheduler does not answer";
}

// ---- instructions

void SchedulerLoop::carry(out::AddStage& add) {
  const auto job = jobs_.find(add.job);
  auto code = std::make_shared<StageCode>();
  code->id = add.stage;
  code->num_partitions = add.node->numPartitions();
  code->body = add.shuffle ? add.shuffle->mapSide() : job->second->request_.body;
  if (add.shuffle) code->shuffle = add.shuffle->id();
  if (job != jobs_.end()) code->properties = job->second->settings_.properties;
  stages_[add.stage] = std::move(code);
}

void SchedulerLoop::carry(out::DropStage& drop) {
  stages_.erase(drop.stage);
  backend_.carryOut(drop);
}

void SchedulerLoop::carry(out::Launch& launch) {
  std::vector<TaskLaunch> tasks;
  tasks.reserve(launch.tasks.size());
  for (const out::LaunchedTask& task : launch.tasks) {
    tasks.push_back({.id = task.task,
                     .stage = stages_.at(task.stage.id),
                     .stage_attempt = task.stage.attempt,
                     .partition = task.partition,
                     .attempt = task.attempt,
                     .data = {}});
  }
  backend_.launch(launch, std::move(tasks));
}

FinishedTask& SchedulerLoop::ended(TaskId task) {
  while (ended_[next_ended_].report.id != task) next_ended_ = (next_ended_ + 1) % ended_.size();
  return ended_[next_ended_];
}

void SchedulerLoop::carry(out::FetchResult& fetch) {
  backend_.fetchResult(fetch.executor, std::move(ended(fetch.task)));
}

void SchedulerLoop::carry(out::Deliver& deliver) {
  (void)closure::takeThrowSite();
  const auto thrown = guarded([&] { take(deliver); });
  if (!thrown) return;
  const CallSite* site = closure::takeThrowSite();
  to_feed_.emplace_back(in::DeliveryFailed{.job = deliver.job,
                                           .stage = deliver.stage,
                                           .partition = deliver.partition,
                                           .attempt = deliver.attempt,
                                           .exception_type = thrown->type,
                                           .message = thrown->message,
                                           .call_site = site != nullptr ? site->str() : ""});
}

void SchedulerLoop::take(const out::Deliver& deliver) {
  FinishedTask& task = ended(deliver.task);
  mergeAccumulators(task);
  const auto job = jobs_.find(deliver.job);
  if (job == jobs_.end() || !job->second->request_.on_result) return;
  job->second->request_.on_result(job->second->placeOf(deliver.partition),
                                  {std::move(task.report.value), std::move(task.encoded_result)});
}

void SchedulerLoop::carry(out::HandOutSizes& sizes) {
  const auto job = jobs_.find(sizes.job);
  if (job != jobs_.end() && job->second->request_.on_sizes) job->second->request_.on_sizes(std::move(sizes.sizes));
}

void SchedulerLoop::carry(out::ConfirmJob& confirm) { to_feed_.emplace_back(in::JobConfirmed{confirm.job}); }

void SchedulerLoop::carry(out::EndJob& end) {
  auto job = jobs_.extract(end.job);
  if (!job.empty()) job.mapped()->finish(std::move(end.failure));
}

void SchedulerLoop::carry(out::Tell& tell) {
  std::visit([](auto& each) { each.at = events::wallTime(); }, tell.event);
  bus_.post(std::move(tell.event));
}

void SchedulerLoop::carry(out::Log& line) {
  if (line.is_warning) {
    log::warn("{}", line.text);
  } else {
    log::info("{}", line.text);
  }
}

}  // namespace cerium
