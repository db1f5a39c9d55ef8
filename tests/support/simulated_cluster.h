// Cerium. Licensed under the Apache License 2.0.
// Executors for tests of the schedulers: they take simulated time, hold map outputs and cached blocks as bare hashes,
// die, and lose things. One thread, no clock: everything happens in the order of one event queue.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "driver/scheduler/scheduler.h"
#include "rdd/node.h"

namespace cerium::test {

/// Things to do, by simulated time and then by age.
class EventQueue {
 public:
  void after(Millis delay, std::function<void()> what) { events_.push({now_ + delay, next_++, std::move(what)}); }
  [[nodiscard]] Millis now() const { return now_; }
  /// Does the next thing; false where there is none.
  bool step() {
    if (events_.empty()) return false;
    const auto what = events_.top().what;
    now_ = events_.top().at;
    events_.pop();
    what();
    return true;
  }

 private:
  struct Event {
    Millis at;
    int64_t age;
    std::function<void()> what;
    bool operator<(const Event& other) const { return std::pair(at, age) > std::pair(other.at, other.age); }
  };
  std::priority_queue<Event> events_;
  Millis now_ = 0;
  int64_t next_ = 0;
};

class Random {
 public:
  explicit Random(uint64_t seed) : bits_(seed) {}
  int64_t upTo(int64_t most) { return std::uniform_int_distribution<int64_t>(0, most)(bits_); }
  int64_t between(int64_t least, int64_t most) { return least + upTo(most - least); }
  bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(bits_) < probability; }
  template <class T>
  const T& any(const std::vector<T>& of) {
    return of[static_cast<size_t>(upTo(static_cast<int64_t>(of.size()) - 1))];
  }

 private:
  std::mt19937_64 bits_;
};

/// What a partition contains, as one number.
using Content = uint64_t;

inline Content mix(Content seed, uint64_t value) {
  seed ^= value + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2);
  return seed * 0xff51afd7ed558ccdULL;
}

/// What a partition of a lineage must contain. Remembers what it has worked out.
class Truth {
 public:
  Content of(const RddNode& node, int p) {
    if (auto known = known_.find({&node, p}); known != known_.end()) return known->second;
    Content content = mix(static_cast<Content>(node.id().value), static_cast<Content>(p));
    std::vector<PartitionRef> parents;
    node.narrowParents(p, parents);
    for (const auto& parent : parents) content = mix(content, of(*parent.node, parent.partition));
    for (const auto& dependency : node.dependencies()) {
      if (!dependency.shuffle) continue;
      for (int m = 0; m < dependency.shuffle->numMaps(); ++m)
        content = mix(content, of(*dependency.shuffle->parent(), m));
    }
    return known_[{&node, p}] = content;
  }

 private:
  std::map<std::pair<const RddNode*, int>, Content> known_;
};

/// One executor. It lives in the cluster's map even when dead, as the driver may not know yet.
struct SimulatedExecutor {
  struct Running {
    out::LaunchedTask task;
    bool asked_to_stop = false;
  };
  ExecutorId id;
  std::string host;
  int cores = 1;
  bool alive = true;
  bool is_retired = false;  ///< It has no cores any more, and serves its map outputs.
  bool has_left = false;    ///< The driver was told that it is lost.
  Millis paused_until = 0;  ///< Nothing that it does happens before.
  bool has_full_disk = false;
  std::deque<out::LaunchedTask> queue;
  std::map<TaskId, Running> running;
  std::set<TaskId> finished;
  std::set<TaskId> stopped;                          ///< Killed before their launch arrived.
  std::map<ShuffleId, out::ShuffleLocations> known;  ///< As it was told last.
  std::map<std::pair<ShuffleId, int>, Content> outputs;
  std::map<std::pair<RddId, int>, Content> blocks;
};

/// Runs one task over what the cluster really holds at the time.
class SimulatedTask {
 public:
  using Cluster = std::map<ExecutorId, SimulatedExecutor>;
  using Known = std::map<ShuffleId, out::ShuffleLocations>;

  /// `known` is where the executor looks for map outputs.
  SimulatedTask(const Cluster& cluster, SimulatedExecutor& self, const Known& known)
      : cluster_(cluster), self_(self), known_(known) {}

  /// Reads partition `p` of `node`; nothing where input is missing, and then end() says which.
  std::optional<Content> read(const RddNode& node, int p) {
    const bool is_cached = node.storageLevel() != StorageLevel::NONE;
    if (is_cached) {
      for (const auto& [id, executor] : cluster_) {
        auto block = executor.blocks.find({node.id(), p});
        if (executor.alive && block != executor.blocks.end()) return block->second;
      }
    }
    const std::optional<Content> content = compute(node, p);
    if (content && is_cached) {
      self_.blocks[{node.id(), p}] = *content;
      cached_.push_back({.rdd = node.id(), .partition = p, .present = true, .memory = 8, .disk = 0});
    }
    return content;
  }
  [[nodiscard]] const TaskEnd& end() const { return end_; }
  [[nodiscard]] const std::vector<BlockChange>& cached() const { return cached_; }

 private:
  std::optional<Content> compute(const RddNode& node, int p) {
    Content content = mix(static_cast<Content>(node.id().value), static_cast<Content>(p));
    std::vector<PartitionRef> parents;
    node.narrowParents(p, parents);
    for (const auto& parent : parents) {
      const auto part = read(*parent.node, parent.partition);
      if (!part) return {};
      content = mix(content, *part);
    }
    for (const auto& dependency : node.dependencies()) {
      if (dependency.shuffle && !fetch(*dependency.shuffle, content)) return {};
    }
    return content;
  }

  bool fetch(const ShuffleDependency& shuffle, Content& content) {
    const auto told = known_.find(shuffle.id());
    for (int m = 0; m < shuffle.numMaps(); ++m) {
      const auto at = static_cast<size_t>(m);
      const bool is_known = told != known_.end() && at < told->second.outputs->size();
      const auto place = is_known ? (*told->second.outputs)[at] : std::nullopt;
      const SimulatedExecutor* holder = place ? &cluster_.at(place->executor) : nullptr;
      if (holder != nullptr && holder->alive) {
        const auto output = holder->outputs.find({shuffle.id(), m});
        if (output != holder->outputs.end()) {
          content = mix(content, output->second);
          continue;
        }
      }
      end_.outcome = TaskEnd::Outcome::kFetchFailed;
      end_.shuffle = shuffle.id();
      end_.map = holder != nullptr && !holder->alive ? FetchFailed::kAllMaps : m;
      end_.source = holder != nullptr ? holder->id : ExecutorId();
      return false;
    }
    return true;
  }

  const Cluster& cluster_;
  SimulatedExecutor& self_;
  const Known& known_;
  TaskEnd end_;
  std::vector<BlockChange> cached_;
};

}  // namespace cerium::test
