// Cerium. Licensed under the Apache License 2.0.
#include "rdd/broadcast.h"

#include <array>
#include <atomic>
#include <unordered_map>

#include "base/util/mutex.h"
#include "rdd/task_context.h"

namespace cerium {

struct BroadcastRegistry::State {
  Mutex mutex;
  std::unordered_map<BroadcastId, std::shared_ptr<const void>> values CERIUM_GUARDED_BY(mutex);
  // A lock for each value that is being fetched.
  std::unordered_map<BroadcastId, std::shared_ptr<Mutex>> fetching CERIUM_GUARDED_BY(mutex);
  std::unordered_map<BroadcastId, BroadcastOwner*> owners CERIUM_GUARDED_BY(mutex);
  Fetch fetch CERIUM_GUARDED_BY(mutex) = nullptr;
  void* fetch_context CERIUM_GUARDED_BY(mutex) = nullptr;
  int64_t next_id CERIUM_GUARDED_BY(mutex) = 0;
  std::atomic<uint64_t> epoch{1};  ///< Grows with every removal and makes threads forget their remembered look-ups.
};

namespace {
/// The last look-ups of this thread: a lambda that reads a broadcast for every record must not take a lock.
struct Remembered {
  BroadcastId id;
  uint64_t epoch = 0;
  const void* value = nullptr;
};
thread_local std::array<Remembered, 8> t_remembered;
}  // namespace

std::string foreignBroadcast(BroadcastId id) {
  return "broadcast " + id.str() +
         " belongs to another Context than the task that uses it; make one with the Context whose tasks read it";
}

BroadcastRegistry& BroadcastRegistry::instance() {
  static BroadcastRegistry registry;
  return registry;
}

BroadcastRegistry::State& BroadcastRegistry::state() {
  static auto* state = new State();  // never destroyed: destructors of the program's globals may read handles
  return *state;
}

BroadcastId BroadcastRegistry::add(std::shared_ptr<const void> value) {
  MutexLock lock(state().mutex);
  const BroadcastId id(state().next_id++);
  state().values[id] = std::move(value);
  return id;
}

void BroadcastRegistry::remove(BroadcastId id) {
  MutexLock lock(state().mutex);
  state().values.erase(id);
  state().fetching.erase(id);
  state().owners.erase(id);
  ++state().epoch;
}

void BroadcastRegistry::setFetcher(Fetch fetch, void* context) {
  MutexLock lock(state().mutex);
  state().fetch = fetch;
  state().fetch_context = context;
}

const void* BroadcastRegistry::find(BroadcastId id, Decode decode) {
  State& all = state();
  const uint64_t epoch = all.epoch.load();
  Remembered& remembered = t_remembered[static_cast<size_t>(id.value) % t_remembered.size()];
  if (remembered.id == id && remembered.epoch == epoch) return remembered.value;
  std::shared_ptr<Mutex> one;
  Fetch fetch;
  void* fetch_context;
  {
    MutexLock lock(all.mutex);
    const TaskContext* task = TaskContext::ofAnyThread();
    const auto owner = all.owners.find(id);
    if (task != nullptr && owner != all.owners.end() && owner->second->contextId() != task->context())
      throw InvalidArgument(foreignBroadcast(id));
    auto found = all.values.find(id);
    if (found != all.values.end()) {
      remembered = {id, epoch, found->second.get()};
      return remembered.value;
    }
    fetch = all.fetch;
    fetch_context = all.fetch_context;
    if (fetch == nullptr)
      throw Error("broadcast " + id.str() + " was destroyed (or its Context stopped) before it was used here");
    auto& entry = all.fetching[id];
    if (!entry) entry = std::make_shared<Mutex>();
    one = entry;
  }
  MutexLock only(*one);
  {
    MutexLock lock(all.mutex);
    auto found = all.values.find(id);
    if (found != all.values.end()) return found->second.get();
  }
  auto value = decode(*fetch(fetch_context, id));
  MutexLock lock(all.mutex);
  return (all.values[id] = std::move(value)).get();
}

BroadcastOwner* BroadcastOwner::of(BroadcastId id) {
  MutexLock lock(BroadcastRegistry::state().mutex);
  auto found = BroadcastRegistry::state().owners.find(id);
  return found == BroadcastRegistry::state().owners.end() ? nullptr : found->second;
}

void BroadcastOwner::setOwner(BroadcastId id, BroadcastOwner* owner) {
  MutexLock lock(BroadcastRegistry::state().mutex);
  BroadcastRegistry::state().owners[id] = owner;
}

}  // namespace cerium
