// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/executor_monitor.h"

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

ExecutorMonitor::Entry* ExecutorMonitor::find(ExecutorId id) {
  auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}
const ExecutorMonitor::Entry* ExecutorMonitor::find(ExecutorId id) const {
  auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

void ExecutorMonitor::starting(ExecutorId id, std::string log, Millis limit) {
  Entry& entry = all_[id];
  entry.log = std::move(log);
  entry.start_limit = limit;
}

void ExecutorMonitor::logIs(ExecutorId id, std::string log) {
  if (Entry* entry = find(id)) entry->log = std::move(log);
}

void ExecutorMonitor::registered(ExecutorId id) {
  Entry* entry = find(id);
  if (entry == nullptr) return;
  entry->registered = true;
  entry->is_fresh = true;
}

void ExecutorMonitor::received(ExecutorId id, uint64_t bytes) {
  Entry* entry = find(id);
  if (entry == nullptr || bytes == entry->received) return;
  entry->received = bytes;
  entry->is_fresh = true;
}

/// A process that dies closes its connection first, and its watcher knows more; one that lives without a connection is
/// of no use.
void ExecutorMonitor::connectionBroke(ExecutorId id, const std::string& reason) {
  Entry* entry = find(id);
  if (entry != nullptr && entry->given_up.empty()) entry->lost_connection = reason;
}

void ExecutorMonitor::endSeen(ExecutorId id) {
  if (Entry* entry = find(id)) entry->end_seen = true;
}

void ExecutorMonitor::leaves(ExecutorId id) {
  if (Entry* entry = find(id)) entry->leaving = true;
}

bool ExecutorMonitor::giveUp(ExecutorId id, const std::string& reason) {
  Entry* entry = find(id);
  return entry != nullptr && giveUp(*entry, reason);
}

bool ExecutorMonitor::giveUp(Entry& entry, const std::string& reason) {
  if (!entry.given_up.empty()) return false;
  entry.given_up = reason;
  return true;
}

ExecutorMonitor::Orders ExecutorMonitor::tick(Millis now) {
  const Millis gap = now_ > 0 ? now - now_ : 0;
  now_ = now;
  if (gap > kStoodStill) forgive(gap);
  Orders orders;
  for (auto& [id, entry] : all_) look(id, entry, orders);
  return orders;
}

/// This process stood still, in a debugger or with its machine: what others did meanwhile waits to be read.
void ExecutorMonitor::forgive(Millis gap) {
  for (auto& [id, entry] : all_) {
    entry.heard += gap;
    entry.lost_at += entry.lost_at > 0 ? gap : 0;
    entry.given_up_at += entry.given_up_at > 0 ? gap : 0;
  }
}

void ExecutorMonitor::look(ExecutorId id, Entry& entry, Orders& orders) {
  if (std::exchange(entry.is_fresh, false)) entry.heard = now_;
  if (!entry.lost_connection.empty() && entry.lost_at == 0) entry.lost_at = now_;
  if (!entry.given_up.empty() && entry.given_up_at == 0) entry.given_up_at = now_;
  if (entry.end_seen) return;
  if (!entry.given_up.empty()) {
    if (now_ - entry.given_up_at > kAfterKill) orders.out_of_reach.push_back(id);
    return;
  }
  const Millis silent = now_ - entry.heard;
  if (!entry.lost_connection.empty()) {
    if (now_ - entry.lost_at <= kAfterConnection) return;
    giveUp(entry, "its connection broke: " + entry.lost_connection);
  } else if (entry.registered && silent > dead_after_) {
    entry.fell_silent = true;
    giveUp(entry, fmt::format("it sent no heartbeat for {} s", silent / 1000));
  } else if (!entry.registered && silent > entry.start_limit) {
    giveUp(entry, fmt::format("it did not register within {} s of its start", silent / 1000));
  } else {
    return;
  }
  orders.kill.emplace_back(id, entry.given_up);
}

std::optional<ExecutorMonitor::Loss> ExecutorMonitor::ended(ExecutorId id, const ExecutorEnd& end) {
  auto node = all_.extract(id);
  if (!node) return std::nullopt;
  const Entry& entry = node.mapped();
  // A process that we did not end died of what it ran (a crash, the memory limit, a kill), and one that falls silent
  // stands still because of it. Its tasks count as tried, so that one that ends every executor ends itself.
  const bool is_cut_off = lostItsDriver(end) && entry.given_up.empty();
  const bool is_suspect = !is_cut_off && (entry.given_up.empty() ? end.seen : entry.fell_silent);
  Loss loss;
  loss.registered = entry.registered;
  Failure& failure = loss.failure;
  failure.kind = is_suspect && !entry.leaving ? Failure::Kind::kCrash : Failure::Kind::kExecutorLost;
  failure.message = is_cut_off               ? "its connection broke" + detail(entry.lost_connection)
                    : entry.given_up.empty() ? describe(end)
                                             : entry.given_up;
  failure.signal = end.process.signal;
  if (entry.registered && !entry.log.empty()) failure.message += "; its log is " + entry.log;
  if (end.process.crashed && end.process.record.task >= 0) loss.guilty.push_back(TaskId(end.process.record.task));
  return loss;
}

bool ExecutorMonitor::isHeard(ExecutorId id) const {
  const Entry* entry = find(id);
  return entry != nullptr && entry->registered && entry->lost_connection.empty() && entry->given_up.empty() &&
         !entry->end_seen;
}

bool ExecutorMonitor::isLeaving(ExecutorId id) const {
  const Entry* entry = find(id);
  return entry != nullptr && entry->leaving;
}

std::vector<ExecutorId> ExecutorMonitor::starting() const {
  std::vector<ExecutorId> ids;
  for (const auto& [id, entry] : all_) {
    if (!entry.registered && entry.given_up.empty() && !entry.leaving) ids.push_back(id);
  }
  return ids;
}

}  // namespace cerium
