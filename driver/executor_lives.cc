// Cerium. Licensed under the Apache License 2.0.
#include "driver/executor_lives.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/protocol/executor_environment.h"

namespace cerium {
namespace {

std::string detail(const std::string& text) { return text.empty() ? text : ": " + text; }

std::string killedBy(int signal) {
  return fmt::format("its process was killed by signal {} ({})", signal, strsignal(signal));
}

/// Of a process that left a crash record.
std::string describe(const CrashRecord& record) {
  switch (record.cause) {
    case CrashRecord::Cause::kHangs:
      return fmt::format(
          "it ended itself, as task {} did not stop when it was told to (cerium.task.reaper.killTimeout)", record.task);
    case CrashRecord::Cause::kMemory:
      return fmt::format(
          "it ended itself, as the functions of task {} held about {} MiB of memory and went on, and the process {} of "
          "the {} MiB that it may use (cerium.executor.memory and cerium.executor.memoryOverhead)",
          record.task, record.task_heap >> 20, record.process_bytes >> 20, record.process_limit >> 20);
    case CrashRecord::Cause::kItself:
      break;
  }
  if (record.signal == 0) return fmt::format("a task called exit({})", record.exit_status);
  return killedBy(record.signal);
}

std::string describe(const ExecutorEnd& end) {
  const ProcessEnd& process = end.process;
  std::string text = !end.seen            ? "its machine cannot be reached"
                     : process.crashed    ? describe(process.record)
                     : process.signal > 0 ? killedBy(process.signal)
                                          : fmt::format("its process exited with status {}", process.exit_status);
  return text + detail(end.reason);
}

/// A broken connection, as one damaged on the wire is, ends the executor's process.
bool lostItsDriver(const ExecutorEnd& end) {
  const auto& process = end.process;
  return end.seen && !process.crashed && process.signal == 0 && process.exit_status == kLostItsDriver;
}

}  // namespace

ExecutorLives::Life* ExecutorLives::find(ExecutorId id) {
  auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}
const ExecutorLives::Life* ExecutorLives::find(ExecutorId id) const {
  auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

void ExecutorLives::starting(ExecutorId id, std::string log, Millis limit) {
  Life& life = all_[id];
  life.log = std::move(log);
  life.start_limit = limit;
}

void ExecutorLives::logIs(ExecutorId id, std::string log) {
  if (Life* life = find(id)) life->log = std::move(log);
}

void ExecutorLives::registered(ExecutorId id) {
  Life* life = find(id);
  if (life == nullptr) return;
  life->registered = true;
  life->is_fresh = true;
}

void ExecutorLives::received(ExecutorId id, uint64_t bytes) {
  Life* life = find(id);
  if (life == nullptr || bytes == life->received) return;
  life->received = bytes;
  life->is_fresh = true;
}

/// A process that dies closes its connection first, and its watcher knows more; one that lives without a connection is
/// of no use.
void ExecutorLives::connectionBroke(ExecutorId id, const std::string& reason) {
  Life* life = find(id);
  if (life != nullptr && life->given_up.empty()) life->lost_connection = reason;
}

void ExecutorLives::endSeen(ExecutorId id) {
  if (Life* life = find(id)) life->end_seen = true;
}

void ExecutorLives::leaves(ExecutorId id) {
  if (Life* life = find(id)) life->leaving = true;
}

bool ExecutorLives::giveUp(ExecutorId id, const std::string& reason) {
  Life* life = find(id);
  return life != nullptr && giveUp(*life, reason);
}

bool ExecutorLives::giveUp(Life& life, const std::string& reason) {
  if (!life.given_up.empty()) return false;
  life.given_up = reason;
  return true;
}

ExecutorLives::Orders ExecutorLives::tick(Millis now) {
  const Millis gap = now_ > 0 ? now - now_ : 0;
  now_ = now;
  if (gap > kStoodStill) forgive(gap);
  Orders orders;
  for (auto& [id, life] : all_) look(id, life, orders);
  return orders;
}

/// This process stood still, in a debugger or with its machine: what others did meanwhile waits to be read.
void ExecutorLives::forgive(Millis gap) {
  for (auto& [id, life] : all_) {
    life.heard += gap;
    life.lost_at += life.lost_at > 0 ? gap : 0;
    life.given_up_at += life.given_up_at > 0 ? gap : 0;
  }
}

void ExecutorLives::look(ExecutorId id, Life& life, Orders& orders) {
  if (std::exchange(life.is_fresh, false)) life.heard = now_;
  if (!life.lost_connection.empty() && life.lost_at == 0) life.lost_at = now_;
  if (!life.given_up.empty() && life.given_up_at == 0) life.given_up_at = now_;
  if (life.end_seen) return;
  if (!life.given_up.empty()) {
    if (now_ - life.given_up_at > kAfterKill) orders.out_of_reach.push_back(id);
    return;
  }
  const Millis silent = now_ - life.heard;
  if (!life.lost_connection.empty()) {
    if (now_ - life.lost_at <= kAfterConnection) return;
    giveUp(life, "its connection broke: " + life.lost_connection);
  } else if (life.registered && silent > dead_after_) {
    life.fell_silent = true;
    giveUp(life, fmt::format("it sent no heartbeat for {} s", silent / 1000));
  } else if (!life.registered && silent > life.start_limit) {
    giveUp(life, fmt::format("it did not register within {} s of its start", silent / 1000));
  } else {
    return;
  }
  orders.kill.emplace_back(id, life.given_up);
}

std::optional<ExecutorLives::Obituary> ExecutorLives::ended(ExecutorId id, const ExecutorEnd& end) {
  auto node = all_.extract(id);
  if (!node) return std::nullopt;
  const Life& life = node.mapped();
  // A process that we did not end died of what it ran (a crash, the memory limit, a kill), and one that falls silent
  // stands still because of it. Its tasks count as tried, so that one that ends every executor ends itself.
  const bool is_cut_off = lostItsDriver(end) && life.given_up.empty();
  const bool is_suspect = !is_cut_off && (life.given_up.empty() ? end.seen : life.fell_silent);
  Obituary obituary;
  obituary.registered = life.registered;
  Failure& failure = obituary.failure;
  failure.kind = is_suspect && !life.leaving ? Failure::Kind::kCrash : Failure::Kind::kExecutorLost;
  failure.message = is_cut_off              ? "its connection broke" + detail(life.lost_connection)
                    : life.given_up.empty() ? describe(end)
                                            : life.given_up;
  failure.signal = end.process.signal;
  if (life.registered && !life.log.empty()) failure.message += "; its log is " + life.log;
  if (end.process.crashed && end.process.record.task >= 0) obituary.guilty.push_back(TaskId(end.process.record.task));
  return obituary;
}

bool ExecutorLives::isHeard(ExecutorId id) const {
  const Life* life = find(id);
  return life != nullptr && life->registered && life->lost_connection.empty() && life->given_up.empty() &&
         !life->end_seen;
}

bool ExecutorLives::isLeaving(ExecutorId id) const {
  const Life* life = find(id);
  return life != nullptr && life->leaving;
}

std::vector<ExecutorId> ExecutorLives::starting() const {
  std::vector<ExecutorId> ids;
  for (const auto& [id, life] : all_) {
    if (!life.registered && life.given_up.empty() && !life.leaving) ids.push_back(id);
  }
  return ids;
}

}  // namespace cerium
