// Cerium. Licensed under the Apache License 2.0.
// Executors for tests of the schedulers: they take simulated time, hold map outputs and cached blocks as bare hashes,
// die, and lose things. One thread, no clock: everything happens in the order of one event queue.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "driver/scheduler/scheduler.h"
#include "rdd/node.h"

namespace cerium {

/// For boost's hash tables.
template <class Tag>
size_t hash_value(const Id<Tag>& id) {
  return std::hash<Id<Tag>>()(id);
}

}  // namespace cerium

namespace cerium::test {

/// Things to do, by simulated time and then by age.
class EventQueue {
 public:
  void after(Millis delay, std::function<void()> what) {
    events_.push_back({now_ + delay, next_++, std::move(what)});
    std::push_heap(events_.begin(), events_.end());
  }
  [[nodiscard]] Millis now() const { return now_; }
  /// Does the next thing; false where there is none.
  bool step() {
    if (events_.empty()) return false;
    std::pop_heap(events_.begin(), events_.end());
    const Event next = std::move(events_.back());
    events_.pop_back();
    now_ = next.at;
    next.what();
    return true;
  }

 private:
  struct Event {
    Millis at;
    int64_t age;
    std::function<void()> what;
    bool operator<(const Event& other) const { return std::pair(at, age) > std::pair(other.at, other.age); }
  };
  std::vector<Event> events_;  // a heap
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
      if (dependency.shuffle) content = mix(content, of(*dependency.shuffle));
    }
    return known_[{&node, p}] = content;
  }

 private:
  Content of(const ShuffleDependency& shuffle) {
    if (auto known = shuffles_.find(shuffle.id()); known != shuffles_.end()) return known->second;
    Content content = 0;
    for (int m = 0; m < shuffle.numMaps(); ++m) content = mix(content, of(*shuffle.parent(), m));
    return shuffles_[shuffle.id()] = content;
  }

  boost::unordered_flat_map<ShuffleId, Content> shuffles_;
  boost::unordered_flat_map<std::pair<const RddNode*, int>, Content> known_;
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
  using Known = std::map<ShuffleId, out::ShuffleLocations>;
  std::map<TaskId, Running> running;
  boost::unordered_flat_set<int64_t> finished;
  std::set<TaskId> stopped;                                        ///< Killed before their launch arrived.
  std::shared_ptr<const Known> known = std::make_shared<Known>();  ///< As it was told last.
  std::map<std::pair<RddId, int>, Content> blocks;
  std::vector<TaskEnd> ends;  ///< Not sent yet, like `changes`.
  std::vector<BlockChange> changes;
};

/// The map outputs that executors hold: by shuffle and map, in the order in which reduce tasks read them.
class SimulatedOutputs {
 public:
  void put(ShuffleId shuffle, int map, ExecutorId executor, Content content) {
    auto& maps = shuffles_[shuffle];
    const auto at = static_cast<size_t>(map);
    if (at >= maps.size()) maps.resize(at + 1);
    erase(maps[at], executor);
    maps[at].push_back({executor, content});
  }
  /// Null where the executor does not have the output.
  [[nodiscard]] const Content* find(ShuffleId shuffle, int map, ExecutorId executor) const {
    const auto maps = shuffles_.find(shuffle);
    if (maps == shuffles_.end() || static_cast<size_t>(map) >= maps->second.size()) return nullptr;
    for (const Copy& copy : maps->second[static_cast<size_t>(map)]) {
      if (copy.executor == executor) return &copy.content;
    }
    return nullptr;
  }
  void drop(ShuffleId shuffle) { shuffles_.erase(shuffle); }
  void dropAll(ExecutorId executor) {
    for (auto& [shuffle, maps] : shuffles_) {
      for (auto& copies : maps) erase(copies, executor);
    }
  }
  /// Drops one of the outputs that the executor holds.
  void dropOne(ExecutorId executor, Random& random) {
    std::vector<std::pair<ShuffleId, int>> held;
    for (const auto& [shuffle, maps] : shuffles_) {
      for (int map = 0; map < static_cast<int>(maps.size()); ++map) {
        if (find(shuffle, map, executor) != nullptr) held.emplace_back(shuffle, map);
      }
    }
    if (held.empty()) return;
    const auto [shuffle, map] = random.any(held);
    erase(shuffles_[shuffle][static_cast<size_t>(map)], executor);
  }

 private:
  struct Copy {
    ExecutorId executor;
    Content content;
  };
  using Copies = boost::container::small_vector<Copy, 1>;
  static void erase(Copies& copies, ExecutorId executor) {
    const auto is_its = [&](const Copy& copy) { return copy.executor == executor; };
    copies.erase(std::remove_if(copies.begin(), copies.end(), is_its), copies.end());
  }

  std::map<ShuffleId, std::vector<Copies>> shuffles_;
};

/// Executors by id, which are counted up from 0.
class SimulatedExecutors {
 public:
  SimulatedExecutor& add() {
    const ExecutorId id(static_cast<int64_t>(all_.size()));
    all_.emplace_back().id = id;
    return all_.back();
  }
  [[nodiscard]] SimulatedExecutor& at(ExecutorId id) { return all_.at(static_cast<size_t>(id.value)); }
  [[nodiscard]] const SimulatedExecutor& at(ExecutorId id) const { return all_.at(static_cast<size_t>(id.value)); }
  [[nodiscard]] auto begin() { return all_.begin(); }
  [[nodiscard]] auto end() { return all_.end(); }
  SimulatedOutputs outputs;

 private:
  std::deque<SimulatedExecutor> all_;
};

/// Runs one task over what the cluster really holds at the time.
class SimulatedTask {
 public:
  using Known = SimulatedExecutor::Known;

  /// `known` is where the executor looks for map outputs; `task` says where it looks for cached partitions.
  SimulatedTask(const SimulatedExecutors& cluster, SimulatedExecutor& self, const Known& known,
                const out::LaunchedTask& task)
      : cluster_(cluster), self_(self), known_(known), task_(task) {}

  /// Reads partition `p` of `node`; nothing where input is missing, and then end() says which.
  std::optional<Content> read(const RddNode& node, int p) {
    const bool is_cached = node.storageLevel() != StorageLevel::NONE;
    if (is_cached) {
      if (const auto content = cachedAt(self_, node.id(), p)) return content;
      for (const auto& input : task_.cached) {
        if (input.rdd != node.id() || input.partition != p) continue;
        if (const auto content = cachedAt(cluster_.at(input.holder), node.id(), p)) return content;
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
  static std::optional<Content> cachedAt(const SimulatedExecutor& executor, RddId rdd, int p) {
    const auto block = executor.blocks.find({rdd, p});
    if (!executor.alive || block == executor.blocks.end()) return {};
    return block->second;
  }

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
      if (!dependency.shuffle) continue;
      const auto part = fetch(*dependency.shuffle);
      if (!part) return {};
      content = mix(content, *part);
    }
    return content;
  }

  std::optional<Content> fetch(const ShuffleDependency& shuffle) {
    Content content = 0;
    const auto told = known_.find(shuffle.id());
    for (int m = 0; m < shuffle.numMaps(); ++m) {
      const auto at = static_cast<size_t>(m);
      const bool is_known = told != known_.end() && at < told->second.outputs->size();
      const auto place = is_known ? (*told->second.outputs)[at] : std::nullopt;
      if (const Content* output = place ? cluster_.outputs.find(shuffle.id(), m, place->executor) : nullptr) {
        content = mix(content, *output);
        continue;
      }
      const SimulatedExecutor* holder = place ? &cluster_.at(place->executor) : nullptr;
      end_.outcome = TaskEnd::Outcome::kFetchFailed;
      end_.shuffle = shuffle.id();
      end_.map = holder != nullptr && !holder->alive ? FetchFailed::kAllMaps : m;
      end_.source = holder != nullptr ? holder->id : ExecutorId();
      return {};
    }
    return content;
  }

  const SimulatedExecutors& cluster_;
  SimulatedExecutor& self_;
  const Known& known_;
  const out::LaunchedTask& task_;
  TaskEnd end_;
  std::vector<BlockChange> cached_;
};

}  // namespace cerium::test
