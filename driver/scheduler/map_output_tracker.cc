// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/map_output_tracker.h"

#include <algorithm>
#include <utility>

namespace cerium {

void MapOutputTracker::add(ShuffleId shuffle, int num_maps, int num_reduces) {
  auto [place, is_new] = shuffles_.try_emplace(shuffle);
  if (!is_new) return;
  const auto size = static_cast<size_t>(num_maps);
  place->second.outputs = std::make_shared<MapOutputs>(size);
  place->second.counted.resize(size);
  place->second.checksums.resize(size);
  place->second.sizes = std::make_shared<ShuffleSizes>(num_maps, num_reduces);
  place->second.num_reduces = num_reduces;
  place->second.missing = size;
  place->second.epoch = ++last_epoch_;
}

void MapOutputTracker::release(ShuffleId shuffle) { shuffles_.erase(shuffle); }

MapOutputTracker::Shuffle* MapOutputTracker::find(ShuffleId shuffle, int map) {
  auto found = shuffles_.find(shuffle);
  if (found == shuffles_.end() || map < 0 || static_cast<size_t>(map) >= found->second.outputs->size()) return nullptr;
  return &found->second;
}

MapOutputTracker::Put MapOutputTracker::put(ShuffleId shuffle, int map, MapOutputStatus status,
                                            const std::vector<PartSize>& sizes) {
  Shuffle* known = find(shuffle, map);
  if (known == nullptr || (*known->outputs)[static_cast<size_t>(map)]) return Put::kKnown;
  const auto before = std::exchange(known->checksums[static_cast<size_t>(map)], status.checksum);
  const bool is_changed = before && *before != status.checksum;
  if (!before || is_changed) noteSizes(*known, map, sizes);
  ++known->held[status.executor];
  change(*known, map) = status;
  --known->missing;
  known->epoch = ++last_epoch_;
  return is_changed ? Put::kChanged : Put::kKept;
}

void MapOutputTracker::noteSizes(Shuffle& shuffle, int map, const std::vector<PartSize>& sizes) {
  if (shuffle.sizes.use_count() > 1) shuffle.sizes = std::make_shared<ShuffleSizes>(*shuffle.sizes);
  shuffle.sizes->put(map, sizes);
}

bool MapOutputTracker::countOnce(ShuffleId shuffle, int map) {
  Shuffle* known = find(shuffle, map);
  if (known == nullptr || known->counted[static_cast<size_t>(map)]) return false;
  known->counted[static_cast<size_t>(map)] = true;
  return true;
}

void MapOutputTracker::drop(Shuffle& shuffle, int map) {
  auto& output = change(shuffle, map);
  auto held = shuffle.held.find(output->executor);
  if (--held->second == 0) shuffle.held.erase(held);
  output.reset();
  ++shuffle.missing;
  shuffle.epoch = ++last_epoch_;
}

bool MapOutputTracker::forget(ShuffleId shuffle, int map, ExecutorId source) {
  Shuffle* known = find(shuffle, map);
  if (known == nullptr) return false;
  const auto& output = (*known->outputs)[static_cast<size_t>(map)];
  if (!output || output->executor != source) return false;
  drop(*known, map);
  return true;
}

bool MapOutputTracker::forgetAll(ShuffleId shuffle) {
  auto found = shuffles_.find(shuffle);
  if (found == shuffles_.end()) return false;
  const size_t missing_before = found->second.missing;
  for (size_t map = 0; map < found->second.outputs->size(); ++map) {
    if ((*found->second.outputs)[map]) drop(found->second, static_cast<int>(map));
  }
  return found->second.missing > missing_before;
}

void MapOutputTracker::setInputs(ShuffleId shuffle, std::vector<ShuffleId> inputs) {
  auto found = shuffles_.find(shuffle);
  if (found != shuffles_.end()) found->second.inputs = std::move(inputs);
}

std::vector<ShuffleId> MapOutputTracker::computedFrom(ShuffleId shuffle) const {
  std::vector<ShuffleId> found;
  std::vector<ShuffleId> todo{shuffle};
  while (!todo.empty()) {
    const ShuffleId at = todo.back();
    todo.pop_back();
    for (const auto& [id, candidate] : shuffles_) {
      const auto& inputs = candidate.inputs;
      if (std::find(inputs.begin(), inputs.end(), at) == inputs.end()) continue;
      if (std::find(found.begin(), found.end(), id) != found.end()) continue;
      found.push_back(id);
      todo.push_back(id);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<ShuffleId> MapOutputTracker::forgetExecutor(ExecutorId executor) {
  std::vector<ShuffleId> affected;
  for (auto& [id, shuffle] : shuffles_) {
    if (!shuffle.held.contains(executor)) continue;
    for (size_t map = 0; map < shuffle.outputs->size(); ++map) {
      const auto& output = (*shuffle.outputs)[map];
      if (output && output->executor == executor) drop(shuffle, static_cast<int>(map));
    }
    affected.push_back(id);
  }
  std::sort(affected.begin(), affected.end());  // the same instructions for the same events, whatever the hash order
  return affected;
}

void MapOutputTracker::move(ShuffleId shuffle, int map, ExecutorId from, ExecutorId to) {
  Shuffle* known = find(shuffle, map);
  if (known == nullptr) return;
  const auto& output = (*known->outputs)[static_cast<size_t>(map)];
  if (!output || output->executor != from) return;
  if (--known->held[from] == 0) known->held.erase(from);
  ++known->held[to];
  change(*known, map)->executor = to;
  known->epoch = ++last_epoch_;
}

std::vector<std::pair<ShuffleId, int>> MapOutputTracker::heldBy(ExecutorId executor) const {
  std::vector<std::pair<ShuffleId, int>> held;
  for (const auto& [id, shuffle] : shuffles_) {
    if (!shuffle.held.contains(executor)) continue;
    for (size_t map = 0; map < shuffle.outputs->size(); ++map) {
      const auto& output = (*shuffle.outputs)[map];
      if (output && output->executor == executor) held.emplace_back(id, static_cast<int>(map));
    }
  }
  std::sort(held.begin(), held.end());
  return held;
}

bool MapOutputTracker::complete(ShuffleId shuffle) const {
  auto found = shuffles_.find(shuffle);
  return found != shuffles_.end() && found->second.missing == 0;
}

std::vector<int> MapOutputTracker::missing(ShuffleId shuffle) const {
  std::vector<int> maps;
  auto found = shuffles_.find(shuffle);
  if (found == shuffles_.end()) return maps;
  maps.reserve(found->second.missing);
  for (size_t map = 0; map < found->second.outputs->size(); ++map) {
    if (!(*found->second.outputs)[map]) maps.push_back(static_cast<int>(map));
  }
  return maps;
}

std::optional<MapOutputStatus>& MapOutputTracker::change(Shuffle& shuffle, int map) {
  if (shuffle.outputs.use_count() > 1) shuffle.outputs = std::make_shared<MapOutputs>(*shuffle.outputs);
  return (*shuffle.outputs)[static_cast<size_t>(map)];
}

std::shared_ptr<const MapOutputs> MapOutputTracker::outputs(ShuffleId shuffle) const {
  static const auto kNone = std::make_shared<const MapOutputs>();
  auto found = shuffles_.find(shuffle);
  return found == shuffles_.end() ? kNone : found->second.outputs;
}

std::shared_ptr<const ShuffleSizes> MapOutputTracker::sizes(ShuffleId shuffle) const {
  auto found = shuffles_.find(shuffle);
  return found == shuffles_.end() ? nullptr : found->second.sizes;
}

int64_t MapOutputTracker::epoch(ShuffleId shuffle) const {
  auto found = shuffles_.find(shuffle);
  return found == shuffles_.end() ? 0 : found->second.epoch;
}

int MapOutputTracker::numReduces(ShuffleId shuffle) const {
  auto found = shuffles_.find(shuffle);
  return found == shuffles_.end() ? 0 : found->second.num_reduces;
}

}  // namespace cerium
