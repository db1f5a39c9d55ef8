// Cerium. Licensed under the Apache License 2.0.
// AppStore: executors and the blocks that they cache.
#include <algorithm>
#include <charconv>

#include "web-ui/store/app_store.h"

namespace cerium::store {
namespace {

constexpr size_t kUsesKept = 3600;
constexpr size_t kChangesKept = 10'000;

/// "rdd_3_17" -> 3, 17.
std::optional<std::pair<int64_t, int>> rddBlock(const std::string& name) {
  if (!name.starts_with("rdd_")) return std::nullopt;
  int64_t rdd = -1;
  const char* end = name.data() + name.size();
  const auto first = std::from_chars(name.data() + 4, end, rdd);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '_') return std::nullopt;
  int partition = -1;
  const auto second = std::from_chars(first.ptr + 1, end, partition);
  if (second.ec != std::errc() || second.ptr != end) return std::nullopt;
  return std::pair(rdd, partition);
}

}  // namespace

Executor& AppStore::executorOf(const std::string& id) {
  Executor& executor = app_.executors[id];
  if (executor.id.empty()) executor.id = id;
  return executor;
}

void AppStore::noteChange(ExecutorChange change) {
  sawTime(change.at);
  if (app_.changes.size() == kChangesKept) app_.changes.pop_front();
  app_.changes.push_back(std::move(change));
  changed(Part::kExecutors);
}

void AppStore::on(const eventlog::ExecutorAdded& event) {
  Executor& executor = executorOf(event.executor);
  executor.host = event.host;
  if (executor.host_port.empty()) executor.host_port = event.host;
  executor.cores = event.cores;
  executor.active = true;
  executor.added = event.at;
  executor.logs = event.log_urls;
  executor.attributes = event.attributes;
  executor.resource_profile = event.resource_profile;
  noteChange({event.at, "added", event.executor, event.host, {}});
}

void AppStore::on(const eventlog::ExecutorRemoved& event) {
  Executor& executor = executorOf(event.executor);
  executor.active = false;
  executor.removed = event.at;
  executor.removed_reason = event.reason;
  executor.active_tasks = 0;
  dropBlocks(event.executor);
  noteChange({event.at, "removed", event.executor, executor.host, event.reason});
}

void AppStore::on(const eventlog::ExecutorExcluded& event) {
  for (auto& [id, executor] : app_.executors) {
    if (event.executor.empty() ? executor.host == event.host : id == event.executor) executor.excluded = event.excluded;
  }
  noteChange({event.at, event.excluded ? "excluded" : "readmitted", event.executor, event.host, event.reason});
}

void AppStore::on(const eventlog::ExecutorLeaving& event) {
  Executor& executor = executorOf(event.executor);
  executor.leaving = true;
  noteChange({event.at, "leaving", event.executor, executor.host, event.reason});
}

void AppStore::on(const eventlog::BlockManagerAdded& event) {
  Executor& executor = executorOf(event.executor);
  if (executor.host.empty()) executor.host = event.host;
  executor.host_port = event.host + ":" + std::to_string(event.port);
  executor.max_memory = event.max_memory;
  executor.max_on_heap = event.max_on_heap;
  executor.max_off_heap = event.max_off_heap;
  executor.active = true;
  if (executor.added == 0) executor.added = event.at;
  changed(Part::kExecutors);
}

void AppStore::on(const eventlog::BlockManagerRemoved&) {}

void AppStore::dropBlocks(const std::string& executor) {
  for (auto& [id, rdd] : app_.rdds) {
    for (auto partition = rdd.blocks.begin(); partition != rdd.blocks.end();) {
      partition->second.erase(executor);
      if (partition->second.empty()) std::erase(rdd.order, partition->first);
      partition = partition->second.empty() ? rdd.blocks.erase(partition) : std::next(partition);
    }
  }
  changed(Part::kStorage);
}

void AppStore::on(const eventlog::BlockUpdated& event) {
  if (event.block.starts_with("broadcast_")) {  // told as what comes and what goes
    Executor& holder = executorOf(event.executor);
    holder.memory_used += event.level.memory ? event.memory : -event.memory;
    holder.disk_used += event.level.disk ? event.disk : -event.disk;
    return changed(Part::kExecutors);
  }
  const auto block = rddBlock(event.block);
  if (!block) return;
  const auto found = app_.rdds.find(block->first);
  if (found == app_.rdds.end()) return;
  auto& holders = found->second.blocks[block->second];
  Executor& executor = executorOf(event.executor);
  if (const auto old = holders.find(event.executor); old != holders.end()) {
    --executor.rdd_blocks;
    executor.memory_used -= old->second.memory;
    executor.disk_used -= old->second.disk;
    holders.erase(old);
  }
  if (event.level.isValid()) {
    auto& order = found->second.order;
    if (std::find(order.begin(), order.end(), block->second) == order.end()) order.push_back(block->second);
    holders[event.executor] = {event.level, event.memory, event.disk};
    ++executor.rdd_blocks;
    executor.memory_used += event.memory;
    executor.disk_used += event.disk;
  } else if (holders.empty()) {
    found->second.blocks.erase(block->second);
    std::erase(found->second.order, block->second);
  }
  found->second.remaining[event.executor] = executor.max_memory - executor.memory_used;
  changed(Part::kStorage);
  changed(Part::kExecutors);
}

void AppStore::on(const eventlog::UnpersistRdd& event) {
  const auto found = app_.rdds.find(event.rdd);
  if (found == app_.rdds.end()) return;
  for (const auto& [partition, holders] : found->second.blocks) {
    for (const auto& [id, block] : holders) {
      Executor& executor = executorOf(id);
      --executor.rdd_blocks;
      executor.memory_used -= block.memory;
      executor.disk_used -= block.disk;
    }
  }
  app_.rdds.erase(found);
  changed(Part::kStorage);
}

void AppStore::on(const eventlog::StageExecutorMetrics& event) {
  if (const auto executor = app_.executors.find(event.executor); executor != app_.executors.end())
    raise(executor->second.peaks, event.peaks);
  Stage* stage = findStage(event.stage, event.stage_attempt);
  if (stage == nullptr) return;
  raise(stage->peaks, event.peaks);
  if (const auto there = stage->executors.find(event.executor); there != stage->executors.end())
    raise(there->second.peaks, event.peaks);
}

void AppStore::on(const eventlog::ExecutorUse& event) {
  Executor& executor = executorOf(event.executor);
  if (executor.uses.size() == kUsesKept) executor.uses.pop_front();
  executor.uses.push_back({event.at, event.memory, event.disk, std::min(event.memory, executor.memory_used)});
  sawTime(event.at);
  changed(Part::kExecutors);
}

}  // namespace cerium::store
