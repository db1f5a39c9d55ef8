// Cerium. Licensed under the Apache License 2.0.
// Simulation: the executors, and what goes wrong with them.
#include <algorithm>

#include "tests/support/simulation.h"

namespace cerium::test {

void Simulation::addExecutor() {
  const ExecutorId id(next_executor_++);
  SimulatedExecutor& executor = cluster_[id];
  executor.id = id;
  executor.host = "host" + std::to_string(random_.upTo(5));
  executor.cores = static_cast<int>(random_.between(1, 4));
  feed(in::ExecutorAdded{.executor = id, .host = executor.host, .cores = executor.cores});
}

Millis Simulation::delay() { return random_.upTo(random_.chance(0.05) ? longest_delay_ * 20 : longest_delay_); }

void Simulation::onExecutor(ExecutorId id, Millis after, std::function<void(SimulatedExecutor&)> what) {
  events_.after(after, [this, id, what = std::move(what)]() mutable {
    SimulatedExecutor& executor = cluster_.at(id);
    if (!executor.alive) return;
    if (executor.paused_until > events_.now())
      return onExecutor(id, executor.paused_until - events_.now(), std::move(what));
    what(executor);
  });
}

void Simulation::does(const out::Launch& launch) {
  onExecutor(launch.executor, delay(), [this, launch](SimulatedExecutor& executor) { arrive(executor, launch); });
}

void Simulation::arrive(SimulatedExecutor& executor, const out::Launch& launch) {
  for (const auto& shuffle : launch.shuffles) {
    const auto [known, is_new] = executor.known.try_emplace(shuffle.shuffle, shuffle);
    if (!is_new && known->second.epoch < shuffle.epoch) known->second = shuffle;
  }
  executor.queue.insert(executor.queue.end(), launch.tasks.begin(), launch.tasks.end());
  startTasks(executor);
}

void Simulation::does(const out::KillTask& kill) {
  onExecutor(kill.executor, delay(),
             [this, task = kill.task](SimulatedExecutor& executor) { stopTask(executor, task); });
}

void Simulation::stopTask(SimulatedExecutor& executor, TaskId task) {
  const auto is_it = [&](const auto& queued) { return queued.task == task; };
  if (auto running = executor.running.find(task); running != executor.running.end()) {
    running->second.asked_to_stop = random_.chance(0.7);  // else it ends before it notices
  } else if (std::erase_if(executor.queue, is_it) > 0) {
    TaskEnd end;
    end.id = task;
    end.outcome = TaskEnd::Outcome::kKilled;
    report(executor, end, {});
  } else if (!executor.finished.contains(task)) {
    executor.stopped.insert(task);  // the launch is still on its way
  }
}

void Simulation::startTasks(SimulatedExecutor& executor) {
  while (!executor.queue.empty() && executor.running.size() < static_cast<size_t>(executor.cores)) {
    const auto task = executor.queue.front();
    executor.queue.pop_front();
    executor.running[task.task] = {task, executor.stopped.erase(task.task) > 0};
    const Millis duration = random_.chance(0.02) ? longest_task_ * 20 : random_.upTo(longest_task_);
    // What the executor knows of map outputs when the task starts is what the task uses, however old by then.
    onExecutor(executor.id, duration,
               [this, id = task.task, known = executor.known](SimulatedExecutor& now) { endTask(now, id, known); });
  }
}

void Simulation::endTask(SimulatedExecutor& executor, TaskId id, const SimulatedTask::Known& known) {
  const auto running = executor.running.at(id);
  executor.running.erase(id);
  executor.finished.insert(id);
  const StageRecord& stage = stages_.at(running.task.stage.id);
  SimulatedTask task(cluster_, executor, known);
  TaskEnd end;
  if (running.asked_to_stop) {
    end.outcome = TaskEnd::Outcome::kKilled;
  } else if (!chaosIsOver() && executor.has_full_disk && stage.shuffle) {
    end.outcome = TaskEnd::Outcome::kEngineFailure;
    end.message = "no space left on device";
  } else if (!chaosIsOver() && random_.chance(task_failures_)) {
    end.outcome = TaskEnd::Outcome::kUserException;
    end.message = "the function threw";
  } else {
    const auto content = task.read(*stage.node, running.task.partition);
    end = task.end();
    end.map_checksum = content.value_or(0);
    results_[id] = content.value_or(0);
    if (content && stage.shuffle) executor.outputs[{stage.shuffle->id(), running.task.partition}] = *content;
  }
  end.id = id;
  report(executor, end, task.cached());
  startTasks(executor);
}

/// Late, and now and then twice. What an executor sent before it died arrives, or is lost with it.
void Simulation::report(SimulatedExecutor& executor, TaskEnd end, const std::vector<BlockChange>& cached) {
  in::TasksEnded event{executor.id, {std::move(end)}, {}};
  const TaskEnd& told = event.ends.front();
  if (told.source.valid() && !cluster_.at(told.source).alive && random_.chance(0.5)) event.unheard.insert(told.source);
  const auto deliver = [this, event, cached, may_be_lost = random_.chance(0.5)] {
    if (may_be_lost && !cluster_.at(event.executor).alive) return;
    for (const BlockChange& block : cached) feed(in::BlockChanged{event.executor, block});
    feed(event);
  };
  events_.after(delay(), deliver);
  if (random_.chance(0.1)) events_.after(delay() + random_.upTo(1'000), deliver);
}

// ---- misfortune

/// Something goes wrong somewhere, again and again until chaos is over.
void Simulation::misfortune() {
  if (chaosIsOver()) return;
  events_.after(random_.between(1, 500), [this] { misfortune(); });
  std::vector<ExecutorId> living;
  for (const auto& [id, executor] : cluster_) {
    if (executor.alive) living.push_back(id);
  }
  for (ExecutorId id : living) {
    if (random_.chance(losses_)) die(cluster_.at(id));
  }
  if (!living.empty()) befall(cluster_.at(random_.any(living)));
  if (random_.chance(0.02)) cancelSomeJob();
}

void Simulation::befall(SimulatedExecutor& executor) {
  if (!executor.alive) return;
  if (losses_ > 0 && !executor.outputs.empty()) {  // one file is damaged
    executor.outputs.erase(
        std::next(executor.outputs.begin(), random_.upTo(static_cast<int64_t>(executor.outputs.size()) - 1)));
  }
  if (!executor.blocks.empty()) {  // one block is evicted; the driver hears of it later
    const auto [rdd, partition] = executor.blocks.begin()->first;
    executor.blocks.erase(executor.blocks.begin());
    onExecutor(executor.id, delay(), [this, rdd = rdd, partition = partition](SimulatedExecutor& now) {
      const bool present = now.blocks.contains({rdd, partition});
      feed(in::BlockChanged{now.id, {.rdd = rdd, .partition = partition, .present = present, .memory = 8}});
    });
  }
  if (losses_ == 0) return;
  if (random_.chance(0.05)) {  // it pauses, for longer than the driver waits or not, and returns
    const Millis pause = random_.any<Millis>({200, 2'000, 9'000});
    executor.paused_until = events_.now() + pause;
    if (pause > 5'000) events_.after(5'000, [this, id = executor.id] { lose(id, {}); });
  }
  executor.has_full_disk = random_.chance(0.03);
  if (random_.chance(0.05)) feed(in::ExecutorLeaving{executor.id, "its worker leaves"});
}

/// The executor is gone; the driver hears of it later.
void Simulation::die(SimulatedExecutor& executor) {
  if (!std::exchange(executor.alive, false)) return;
  std::vector<TaskId> crashed;
  for (const auto& [id, running] : executor.running) {
    if (random_.chance(0.1)) crashed.push_back(id);
  }
  executor.outputs.clear();
  executor.blocks.clear();
  events_.after(delay() + random_.upTo(2'000), [this, id = executor.id, crashed] { lose(id, crashed); });
  if (!options_.allocation.enabled) events_.after(random_.upTo(5'000), [this] { addExecutor(); });
}

/// The driver gives the executor up: one that is paused is killed with that.
void Simulation::lose(ExecutorId id, const std::vector<TaskId>& crashed) {
  SimulatedExecutor& executor = cluster_.at(id);
  if (std::exchange(executor.has_left, true)) return;
  if (executor.alive) die(executor);
  in::ExecutorLost lost{id, {}, crashed};
  lost.failure.kind = crashed.empty() ? Failure::Kind::kExecutorLost : Failure::Kind::kCrash;
  lost.failure.message = "executor died";
  feed(std::move(lost));
}

// ---- what the scheduler wants of executors

void Simulation::does(const out::EndExecutor& end) { die(cluster_.at(end.executor)); }
void Simulation::does(const out::LetGo& let_go) { die(cluster_.at(let_go.executor)); }

void Simulation::does(const out::RetireExecutor& retire) {
  onExecutor(retire.executor, delay(), [this](SimulatedExecutor& executor) {
    executor.blocks.clear();
    executor.is_retired = true;
    feed(in::ExecutorRetired{executor.id});
  });
}

void Simulation::does(const out::WantExecutors& want) {
  wanted_ = want.executors;
  keepWanted();
}

/// With dynamic allocation executors are replaced only as far as the scheduler wants them.
void Simulation::keepWanted() {
  const auto is_there = [](const auto& each) { return each.second.alive && !each.second.is_retired; };
  const int64_t living = std::count_if(cluster_.begin(), cluster_.end(), is_there);
  for (int64_t n = wanted_ - living - coming_; n > 0; --n) {
    ++coming_;
    events_.after(random_.upTo(2'000), [this] {
      --coming_;
      addExecutor();
    });
  }
}

void Simulation::does(const out::MoveShuffle& move) {
  onExecutor(move.to, delay(), [this, move](SimulatedExecutor& taker) {
    const SimulatedExecutor& source = cluster_.at(move.from);
    std::string failure;
    for (int map : move.maps) {
      const auto output = source.outputs.find({move.shuffle, map});
      if (!source.alive || output == source.outputs.end()) failure = "an output is not there";
    }
    if (failure.empty()) {
      for (int map : move.maps) taker.outputs[{move.shuffle, map}] = source.outputs.at({move.shuffle, map});
    }
    feed(in::ShuffleMoved{move.shuffle, move.maps, move.from, move.to, failure});
  });
}

void Simulation::does(const out::CopyBlock& copy) {
  onExecutor(copy.to, delay(), [this, copy](SimulatedExecutor& taker) {
    const SimulatedExecutor& source = cluster_.at(copy.from);
    const auto block = source.blocks.find({copy.rdd, copy.partition});
    const bool is_there = source.alive && block != source.blocks.end();
    if (is_there) taker.blocks[{copy.rdd, copy.partition}] = block->second;
    const bool present = taker.blocks.contains({copy.rdd, copy.partition});
    feed(in::BlockChanged{taker.id, {.rdd = copy.rdd, .partition = copy.partition, .present = present, .memory = 8}});
  });
}

}  // namespace cerium::test
