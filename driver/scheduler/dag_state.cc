// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/dag_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "driver/scheduler/shuffle_input.h"
#include "driver/scheduler/stage_graph.h"

namespace cerium {

/// Looks at the stages that the event has woken, and those they wake, until nothing moves.
dag::Instructions DagScheduler::State::finishEvent() {
  while (!ready.empty()) {
    Stage* stage = ready.front();
    ready.pop_front();
    if (!stage->removed && stage->state == Stage::State::kWaiting && stage->waiting_for.empty()) advance(*stage);
  }
  const auto dying = std::exchange(removed, {});
  return std::exchange(out, {});
}

/// The job ends when the map stage is complete, which may be so already.
dag::Instructions DagScheduler::State::submitShuffle(JobSpec job) {
  const JobId id = job.id;
  Stage& stage = mapStage(job.shuffle);
  Job& record = jobs[id];
  record.result = &stage;
  record.spec = std::move(job);
  addJobs(stage, {id});
  if (outputs.complete(stage.shuffle->id())) {
    endShuffleJobs(stage);
  } else if (stage.state == Stage::State::kIdle) {
    wake(stage);
  }
  auto instructions = finishEvent();
  if (jobs.contains(id)) giveIds(stage);
  return instructions;
}

Stage& DagScheduler::State::newStage(NodePtr node) {
  auto stage = std::make_unique<Stage>();
  stage->serial = next_serial++;
  stage->node = std::move(node);
  return *(stages[stage->serial] = std::move(stage));
}

Stage& DagScheduler::State::mapStage(const std::shared_ptr<ShuffleDependency>& shuffle) {
  auto [place, is_new] = map_stages.try_emplace(shuffle->id(), nullptr);
  if (!is_new) return *place->second;
  Stage& stage = newStage(shuffle->parent());
  place->second = &stage;
  stage.shuffle = shuffle;
  outputs.add(shuffle->id(), shuffle->numMaps(), shuffle->numReduces());
  if (outputs.complete(shuffle->id())) giveId(stage);
  return stage;
}

void DagScheduler::State::giveId(Stage& stage) {
  if (stage.id.valid()) return;
  stage.id = StageId(next_stage_id++);
  by_id[stage.id] = &stage;
}

std::vector<Stage*> DagScheduler::State::parentsOf(const Stage& stage) const {
  std::vector<Stage*> parents;
  for (const auto& shuffle : stage.parents) {
    if (auto parent = map_stages.find(shuffle->id()); parent != map_stages.end()) parents.push_back(parent->second);
  }
  return parents;
}

std::vector<Stage*> DagScheduler::State::parentsFirst(Stage& last) const {
  std::vector<Stage*> ordered;
  std::set<int64_t> seen;                                     // by serial
  std::vector<std::pair<Stage*, bool>> todo{{&last, false}};  // true: its parents are in `ordered`
  while (!todo.empty()) {
    const auto [stage, has_parents] = todo.back();
    todo.pop_back();
    if (has_parents) {
      ordered.push_back(stage);
      continue;
    }
    if (!seen.insert(stage->serial).second) continue;
    todo.emplace_back(stage, true);
    for (Stage* parent : parentsOf(*stage)) todo.emplace_back(parent, false);
  }
  return ordered;
}

void DagScheduler::State::giveIds(Stage& last) {
  for (Stage* stage : parentsFirst(last)) giveId(*stage);
}

/// Notes that these jobs need the stage, and with it whatever it waits for now.
void DagScheduler::State::addJobs(Stage& stage, const std::set<JobId>& wanted_by) {
  std::vector<Stage*> todo{&stage};
  while (!todo.empty()) {
    Stage& at = *todo.back();
    todo.pop_back();
    bool grew = false;
    for (JobId id : wanted_by) {
      if (!at.jobs.insert(id).second) continue;
      jobs.at(id).stages.push_back(&at);
      grew = true;
    }
    if (grew) todo.insert(todo.end(), at.waiting_for.begin(), at.waiting_for.end());
  }
}

void DagScheduler::State::wake(Stage& stage) {
  stage.state = Stage::State::kWaiting;
  ready.push_back(&stage);
}

/// Runs the stage if its input is there, else waits for the parents that lack output, and wakes those.
void DagScheduler::State::advance(Stage& stage) {
  const std::vector<Stage*> lacking = incompleteParents(stage);
  if (lacking.empty()) return run(stage);
  for (Stage* parent : lacking) {
    stage.waiting_for.insert(parent);
    parent->waiters.insert(&stage);
    if (parent->state == Stage::State::kIdle) wake(*parent);
  }
}

std::vector<Stage*> DagScheduler::State::incompleteParents(Stage& stage) {
  StageShape shape = stageShape(*stage.node, &cached);
  stage.barrier = shape.barrier;
  stage.parents = std::move(shape.shuffles);
  for (const auto& forced : stage.forced) {
    if (std::find(stage.parents.begin(), stage.parents.end(), forced) == stage.parents.end()) {
      stage.parents.push_back(forced);
    }
  }
  std::vector<Stage*> lacking;
  for (const auto& shuffle : stage.parents) {
    Stage& parent = mapStage(shuffle);
    addJobs(parent, stage.jobs);
    if (!outputs.complete(shuffle->id())) lacking.push_back(&parent);
  }
  return lacking;
}

std::vector<int> DagScheduler::State::missing(const Stage& stage) const {
  if (stage.shuffle) return outputs.missing(stage.shuffle->id());
  const Job& job = jobs.at(stage.result_of);
  std::vector<int> partitions;
  partitions.reserve(job.unfinished.size());
  for (int partition : job.spec.partitions) {
    if (job.unfinished.contains(partition)) partitions.push_back(partition);
  }
  return partitions;
}

/// Hands what is missing, and not already under way, to the task scheduler.
void DagScheduler::State::run(Stage& stage) {
  std::vector<int> partitions = missing(stage);
  if (partitions.empty()) return complete(stage);
  stage.state = Stage::State::kRunning;
  std::erase_if(partitions, [&](int partition) { return stage.outstanding.contains(partition); });
  if (partitions.empty()) return;
  if (stage.barrier && stage.shuffle) {  // its tasks talk to each other: one cannot run again alone
    outputs.forgetAll(stage.shuffle->id());
    partitions = outputs.missing(stage.shuffle->id());
  } else if (stage.barrier) {
    partitions = jobs.at(stage.result_of).spec.partitions;
  }
  giveId(stage);
  noteInputs(stage);
  ++stage.attempt;
  for (int partition : partitions) stage.outstanding.insert(partition);
  const JobId job = *stage.jobs.begin();
  dag::SubmitTasks tasks;
  tasks.stage = stage.ref();
  tasks.node = stage.node;
  tasks.shuffle = stage.shuffle;
  tasks.job = job;
  tasks.pool = jobs.at(job).spec.pool;
  tasks.partitions = std::move(partitions);
  tasks.missing = static_cast<int>(missing(stage).size());
  for (const Stage* parent : parentsOf(stage)) tasks.parents.push_back(parent->id);
  tasks.barrier = stage.barrier;
  if (options.follows_sizes) followSizes(tasks, outputs);
  locateTasks(tasks, cached);
  if (stage.attempt > 0) {
    note(fmt::format("{} runs again, as attempt {}, for {} partitions", stage.str(), stage.attempt,
                     tasks.partitions.size()));
  }
  out.emplace_back(std::move(tasks));
}

void DagScheduler::State::complete(Stage& stage) {
  stage.state = Stage::State::kIdle;
  stage.failed_attempts = 0;
  stage.outstanding.clear();
  stage.forced.clear();
  for (Stage* parent : std::exchange(stage.waiting_for, {})) parent->waiters.erase(&stage);
  for (Stage* waiter : std::exchange(stage.waiters, {})) {
    waiter->waiting_for.erase(&stage);
    if (waiter->waiting_for.empty()) ready.push_back(waiter);
  }
  if (stage.shuffle) return endShuffleJobs(stage);
  const JobId job = stage.result_of;
  endJob(job);
  out.emplace_back(dag::JobSucceeded{job});
}

/// The map stage is complete: the jobs that wait for nothing but its output end.
void DagScheduler::State::endShuffleJobs(Stage& stage) {
  const auto sizes = outputs.sizes(stage.shuffle->id());
  for (JobId id : std::set<JobId>(stage.jobs)) {
    if (jobs.at(id).result != &stage) continue;
    endJob(id);
    out.emplace_back(dag::JobSucceeded{id, sizes});
  }
}

/// Moves a running stage back to waiting, or aborts its jobs when that has happened too often.
void DagScheduler::State::failByFetch(Stage& stage, int partition, ShuffleId shuffle, const std::string& story) {
  if (++stage.failed_attempts >= options.max_stage_attempts) {
    Failure failure;
    failure.kind = Failure::Kind::kFetchFailed;
    failure.message = fmt::format(
        "{} failed {} times in a row, and no task of it succeeded in between, because its input was lost before it "
        "could be read. The last time: {}. "
        "Look for executors that die or run out of memory or disk, or raise the number of stage attempts",
        stage.str(), stage.failed_attempts, story);
    failure.call_site = stage.node->site().str();
    failure.stage = stage.id;
    failure.partition = partition;
    failure.attempts = stage.failed_attempts;
    abort(stage.jobs, failure);
    return;
  }
  note(fmt::format("{} waits for lost input to be made again: {}", stage.str(), story));
  forceParent(stage, shuffle);
  stage.outstanding.clear();  // what still runs may go on; what has not begun is ours to submit again
  wake(stage);
}

/// Makes the stage wait for `shuffle` even if the walk over its lineage ends at a cached node before it.
void DagScheduler::State::forceParent(Stage& stage, ShuffleId shuffle) {
  const auto is_it = [&](const auto& dependency) { return dependency->id() == shuffle; };
  if (std::any_of(stage.parents.begin(), stage.parents.end(), is_it)) return;
  const StageShape whole = stageShape(*stage.node, nullptr);
  auto found = std::find_if(whole.shuffles.begin(), whole.shuffles.end(), is_it);
  if (found != whole.shuffles.end()) stage.forced.push_back(*found);
}

/// Starts to make lost output again where a stage under way needs it. A map stage that runs already takes up its new
/// holes at once if `top_up`, else when it has nothing else left to do: fetch failures come one by one.
void DagScheduler::State::repair(const std::vector<ShuffleId>& shuffles, bool top_up) {
  const std::set<ShuffleId> affected(shuffles.begin(), shuffles.end());
  std::vector<std::pair<Stage*, std::shared_ptr<ShuffleDependency>>> needs;
  for (const auto& [serial, stage] : stages) {
    if (stage->state == Stage::State::kIdle) continue;
    for (const auto& shuffle : stage->parents) {
      if (affected.contains(shuffle->id()) && !outputs.complete(shuffle->id()))
        needs.emplace_back(stage.get(), shuffle);
    }
  }
  for (const auto& [stage, shuffle] : needs) {
    Stage& parent = mapStage(shuffle);
    addJobs(parent, stage->jobs);
    if (parent.state == Stage::State::kIdle) wake(parent);
  }
  if (!top_up) return;
  for (ShuffleId shuffle : shuffles) {
    auto found = map_stages.find(shuffle);
    if (found == map_stages.end() || found->second->state != Stage::State::kRunning) continue;
    const auto& inputs = found->second->parents;
    // Without its own input it would only fail: then, too, its holes are for when nothing else is left to do.
    const bool can_run =
        std::all_of(inputs.begin(), inputs.end(), [&](const auto& in) { return outputs.complete(in->id()); });
    if (can_run) run(*found->second);
  }
}

/// Takes the jobs by value: ending them changes the stage they were read from.
void DagScheduler::State::abort(std::set<JobId> ids, const Failure& failure) {
  Stage* guilty = failure.kind == Failure::Kind::kCancelled ? nullptr : find(failure.stage);
  if (guilty != nullptr) guilty->failure = failure.message;
  for (JobId id : ids) {
    endJob(id);
    out.emplace_back(dag::JobAborted{id, failure});
  }
}

/// Removes the job, and the stages that no other job needs.
void DagScheduler::State::endJob(JobId id) {
  auto job = jobs.find(id);
  const std::vector<Stage*> held = std::move(job->second.stages);
  jobs.erase(job);
  for (Stage* stage : held) {
    stage->jobs.erase(id);
    if (stage->jobs.empty()) remove(*stage);
  }
}

void DagScheduler::State::remove(Stage& stage) {
  if (stage.state != Stage::State::kIdle && stage.attempt >= 0) {
    out.emplace_back(dag::CancelTasks{stage.ref(), "no job needs " + stage.str() + " any more"});
  }
  if (stage.id.valid() && (stage.attempt >= 0 || stage.shuffle)) {
    out.emplace_back(dag::StageDone{
        .stage = stage.id, .skipped = stage.attempt < 0, .shuffle = stage.shuffle, .failure = stage.failure});
  }
  for (Stage* parent : stage.waiting_for) parent->waiters.erase(&stage);
  for (Stage* waiter : stage.waiters) waiter->waiting_for.erase(&stage);
  by_id.erase(stage.id);
  if (stage.shuffle) {
    const ShuffleId shuffle = stage.shuffle->id();
    map_stages.erase(shuffle);
    if (released.erase(shuffle) > 0) outputs.release(shuffle);
  }
  stage.removed = true;
  auto place = stages.find(stage.serial);
  removed.push_back(std::move(place->second));
  stages.erase(place);
}

}  // namespace cerium
