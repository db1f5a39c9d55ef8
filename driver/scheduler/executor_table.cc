// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/executor_table.h"

#include <algorithm>

namespace cerium {

bool ExecutorTable::add(ExecutorId id, const std::string& host, int cores) {
  if (by_id_.contains(id)) return false;
  auto executor = std::make_unique<ExecutorSlots>();
  executor->id = id;
  executor->host = host;
  executor->cores = cores;
  if (auto excluded = excluded_hosts_.find(host); excluded != excluded_hosts_.end())
    executor->excluded_until = excluded->second;
  by_id_[id] = executor.get();
  total_cores_ += cores;
  all_.push_back(std::move(executor));
  countOpen();
  return true;
}

void ExecutorTable::remove(ExecutorId id) {
  const ExecutorSlots* executor = find(id);
  if (executor == nullptr) return;
  total_cores_ -= executor->cores;
  by_id_.erase(id);
  std::erase_if(all_, [&](const auto& each) { return each.get() == executor; });
  countOpen();
}

void ExecutorTable::leave(ExecutorId id) {
  if (ExecutorSlots* executor = find(id)) executor->leaving = true;
  countOpen();
}

void ExecutorTable::countOpen() {
  open_ = static_cast<size_t>(std::count_if(
      all_.begin(), all_.end(), [](const auto& each) { return !each->leaving && each->excluded_until == 0; }));
}

ExecutorSlots* ExecutorTable::find(ExecutorId id) const {
  auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

bool ExecutorTable::strike(ExecutorSlots& executor, StageId stage, int partition, Millis now) {
  // Failures far apart say nothing about the executor: one counts for as long as an exclusion would last.
  std::erase_if(executor.strikes, [&](const auto& old) {
    return old.at + options_.exclude_ms <= now || (old.stage == stage && old.partition == partition);
  });
  executor.strikes.push_back({stage, partition, now});
  if (executor.strikes.size() < static_cast<size_t>(options_.exclude_after_failures)) return false;
  executor.strikes.clear();
  executor.excluded_until = now + options_.exclude_ms;
  countOpen();
  return true;
}

void ExecutorTable::excludeHost(const std::string& host, Millis now) {
  const Millis until = excluded_hosts_[host] = now + options_.exclude_ms;
  for (const auto& executor : all_) {
    if (executor->host == host) executor->excluded_until = until;
  }
  countOpen();
}

std::vector<ExecutorId> ExecutorTable::endExclusions(Millis now) {
  std::vector<ExecutorId> ended;
  std::erase_if(excluded_hosts_, [now](const auto& host) { return host.second <= now; });
  for (const auto& executor : all_) {
    if (executor->excluded_until == 0 || executor->excluded_until > now) continue;
    executor->excluded_until = 0;
    ended.push_back(executor->id);
  }
  if (!ended.empty()) countOpen();
  return ended;
}

}  // namespace cerium
