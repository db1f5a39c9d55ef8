// Cerium. Licensed under the Apache License 2.0.
// Simulation: the executors, and what goes wrong with them.
#include <algorithm>

#include "tests/support/simulation.h"

namespace cerium::test {

void Simulation::addExecutor() {
  SimulatedExecutor& executor = cluster_.add();
  executor.host = "host" + std::to_string(random_.upTo(settings_.hosts - 1));
  executor.cores = static_cast<int>(random_.between(1, 4));
  feed(in::ExecutorAdded{.executor = executor.id, .host = executor.host, .cores = executor.cores});
}

Millis Simulation::delay() { return random_.upTo(settings_.longest_delay * (random_.chance(0.05) ? 20 : 1)); }

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
  ++figures_.messages_out;
  figures_.tasks += static_cast<int64_t>(launch.tasks.size());
  onExecutor(launch.executor, delay(), [this, launch](SimulatedExecutor& executor) { arrive(executor, launch); });
}

void Simulation::arrive(SimulatedExecutor& executor, const out::Launch& launch) {
  for (const auto& shuffle : launch.shuffles) {
    const auto known = executor.known->find(shuffle.shuffle);
    if (known != executor.known->end() && known->second.epoch >= shuffle.epoch) continue;
    auto newer = std::make_shared<SimulatedExecutor::Known>(*executor.known);
    (*newer)[shuffle.shuffle] = shuffle;
    executor.known = std::move(newer);
  }
  executor.queue.insert(executor.queue.end(), launch.tasks.begin(), launch.tasks.end());
  startTasks(executor);
}

void Simulation::does(const out::KillTask& kill) {
  ++figures_.messages_out;
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
  } else if (!executor.finished.contains(task.value)) {
    executor.stopped.insert(task);  // the launch is still on its way
  }
}

void Simulation::startTasks(SimulatedExecutor& executor) {
  while (!executor.queue.empty() && executor.running.size() < static_cast<size_t>(executor.cores)) {
    const auto task = executor.queue.front();
    executor.queue.pop_front();
    executor.running[task.task] = {task, executor.stopped.erase(task.task) > 0};
    const Millis longest = settings_.longest_task;
    const Millis duration = random_.chance(settings_.stragglers) ? longest * 20 : random_.upTo(longest);
    // What the executor knows of map outputs when the task starts is what the task uses, however old by then.
    onExecutor(executor.id, duration,
               [this, id = task.task, known = executor.known](SimulatedExecutor& now) { endTask(now, id, *known); });
  }
}

void Simulation::endTask(SimulatedExecutor& executor, TaskId id, const SimulatedTask::Known& known) {
  const auto running = executor.running.at(id);
  executor.running.erase(id);
  executor.finished.insert(id.value);
  const StageRecord& stage = stages_.at(running.task.stage.id);
  SimulatedTask task(cluster_, executor, known, running.task);
  TaskEnd end;
  if (running.asked_to_stop) {
    end.outcome = TaskEnd::Outcome::kKilled;
  } else if (!chaosIsOver() && executor.has_full_disk && stage.shuffle) {
    end.outcome = TaskEnd::Outcome::kEngineFailure;
    end.message = "no space left on device";
  } else if (!chaosIsOver() && random_.chance(settings_.task_failures)) {
    end.outcome = TaskEnd::Outcome::kUserException;
    end.message = "the function threw";
  } else {
    const auto content = task.read(*stage.node, running.task.partition);
    end = task.end();
    end.map_checksum = content.value_or(0);
    results_[id] = content.value_or(0);
    if (content && stage.shuffle)
      cluster_.outputs.put(stage.shuffle->id(), running.task.partition, executor.id, *content);
  }
  end.id = id;
  report(executor, end, task.cached());
  startTasks(executor);
}

/// The end goes with the others of the next milliseconds.
void Simulation::report(SimulatedExecutor& executor, TaskEnd end, const std::vector<BlockChange>& cached) {
  if (executor.ends.empty()) {
    onExecutor(executor.id, random_.upTo(3), [this](SimulatedExecutor& now) { send(now); });
  }
  executor.ends.push_back(std::move(end));
  executor.changes.insert(executor.changes.end(), cached.begin(), cached.end());
}

/// Late, and now and then twice. What an executor sent before it died arrives, or is lost with it.
void Simulation::send(SimulatedExecutor& executor) {
  in::TasksEnded event{executor.id, std::exchange(executor.ends, {}), {}};
  for (const TaskEnd& told : event.ends) {
    if (told.source.valid() && !cluster_.at(told.source).alive && random_.chance(0.5))
      event.unheard.insert(told.source);
  }
  const auto deliver = [this, event = std::move(event), changes = std::exchange(executor.changes, {}),
                        may_be_lost = random_.chance(0.5)] {
    if (may_be_lost && !cluster_.at(event.executor).alive) return;
    for (const BlockChange& block : changes) hear(in::BlockChanged{event.executor, block});
    hear(event);
  };
  events_.after(delay(), deliver);
  if (random_.chance(settings_.doubled)) events_.after(delay() + random_.upTo(1'000), deliver);
}

// ---- misfortune

/// Something goes wrong somewhere, again and again until chaos is over.
void Simulation::misfortune() {
  if (chaosIsOver()) return;
  events_.after(random_.between(1, 500), [this] { misfortune(); });
  std::vector<ExecutorId> living;
  for (const SimulatedExecutor& executor : cluster_) {
    if (executor.alive) living.push_back(executor.id);
  }
  for (ExecutorId id : living) {
    if (random_.chance(settings_.losses)) die(cluster_.at(id));
  }
  if (!living.empty() && random_.chance(settings_.mishaps)) befall(cluster_.at(random_.any(living)));
  if (random_.chance(settings_.cancellations)) cancelSomeJob();
}

void Simulation::befall(SimulatedExecutor& executor) {
  if (!executor.alive) return;
  if (settings_.losses > 0) cluster_.outputs.dropOne(executor.id, random_);  // one file is damaged
  if (!executor.blocks.empty()) {  // one block is evicted; the driver hears of it later
    const auto [rdd, partition] = executor.blocks.begin()->first;
    executor.blocks.erase(executor.blocks.begin());
    onExecutor(executor.id, delay(), [this, rdd = rdd, partition = partition](SimulatedExecutor& now) {
      const bool present = now.blocks.contains({rdd, partition});
      hear(in::BlockChanged{now.id, {.rdd = rdd, .partition = partition, .present = present, .memory = 8}});
    });
  }
  if (settings_.losses == 0) return;
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
  cluster_.outputs.dropAll(executor.id);
  executor.blocks.clear();
  events_.after(delay() + random_.upTo(2'000), [this, id = executor.id, crashed] { lose(id, crashed); });
  if (!settings_.options.allocation.enabled) events_.after(random_.upTo(5'000), [this] { addExecutor(); });
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

void Simulation::does(const out::DropShuffle& drop) {
  cluster_.outputs.drop(drop.shuffle);
  for (SimulatedExecutor& executor : cluster_) {
    if (!executor.known->contains(drop.shuffle)) continue;
    auto fewer = std::make_shared<SimulatedExecutor::Known>(*executor.known);
    fewer->erase(drop.shuffle);
    executor.known = std::move(fewer);
  }
}

void Simulation::does(const out::EndExecutor& end) { die(cluster_.at(end.executor)); }
void Simulation::does(const out::LetGo& let_go) { die(cluster_.at(let_go.executor)); }

void Simulation::does(const out::RetireExecutor& retire) {
  onExecutor(retire.executor, delay(), [this](SimulatedExecutor& executor) {
    executor.blocks.clear();
    executor.is_retired = true;
    hear(in::ExecutorRetired{executor.id});
  });
}

void Simulation::does(const out::WantExecutors& want) {
  wanted_ = want.executors;
  keepWanted();
}

/// With dynamic allocation executors are replaced only as far as the scheduler wants them.
void Simulation::keepWanted() {
  const auto is_there = [](const SimulatedExecutor& each) { return each.alive && !each.is_retired; };
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
    std::string failure;
    for (int map : move.maps) {
      if (cluster_.outputs.find(move.shuffle, map, move.from) == nullptr) failure = "an output is not there";
    }
    for (int map : move.maps) {
      if (!failure.empty()) break;
      const Content content = *cluster_.outputs.find(move.shuffle, map, move.from);
      cluster_.outputs.put(move.shuffle, map, taker.id, content);
    }
    hear(in::ShuffleMoved{move.shuffle, move.maps, move.from, move.to, failure});
  });
}

void Simulation::does(const out::CopyBlock& copy) {
  onExecutor(copy.to, delay(), [this, copy](SimulatedExecutor& taker) {
    const SimulatedExecutor& source = cluster_.at(copy.from);
    const auto block = source.blocks.find({copy.rdd, copy.partition});
    const bool is_there = source.alive && block != source.blocks.end();
    if (is_there) taker.blocks[{copy.rdd, copy.partition}] = block->second;
    const bool present = taker.blocks.contains({copy.rdd, copy.partition});
    hear(in::BlockChanged{taker.id, {.rdd = copy.rdd, .partition = copy.partition, .present = present, .memory = 8}});
  });
}

}  // namespace cerium::test
