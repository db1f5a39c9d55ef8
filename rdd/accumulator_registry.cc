// Cerium. Licensed under the Apache License 2.0.
#include "rdd/accumulator_registry.h"

#include <map>
#include <mutex>

#include "base/util/error.h"

namespace cerium {
namespace {
struct Known {
  std::shared_ptr<const AccumulatorFactory> factory;
  std::unique_ptr<AccumulatorCell> value;  ///< Null in an executor.
  std::string name;
};
}  // namespace

struct AccumulatorRegistry::State {
  std::mutex mutex;
  std::map<AccumulatorId, Known> accumulators;
  int64_t next_id = 0;

  Known& at(AccumulatorId id) {
    auto found = accumulators.find(id);
    if (found == accumulators.end()) throw InvalidArgument("accumulator " + id.str() + " is not known in this process");
    return found->second;
  }
};

AccumulatorRegistry& AccumulatorRegistry::instance() {
  static AccumulatorRegistry registry;
  return registry;
}

AccumulatorRegistry::State& AccumulatorRegistry::state() {
  static auto* state = new State();  // lives to the end: handles may be read by destructors of the program's globals
  return *state;
}

AccumulatorId AccumulatorRegistry::add(std::shared_ptr<const AccumulatorFactory> factory, std::string name) {
  std::lock_guard lock(state().mutex);
  const AccumulatorId id(state().next_id++);
  auto value = factory->newCell();
  state().accumulators.emplace(id, Known{std::move(factory), std::move(value), std::move(name)});
  return id;
}

void AccumulatorRegistry::define(AccumulatorId id, std::shared_ptr<const AccumulatorFactory> factory) {
  std::lock_guard lock(state().mutex);
  state().accumulators[id].factory = std::move(factory);
}

std::unique_ptr<AccumulatorCell> AccumulatorRegistry::newCell(AccumulatorId id) {
  std::lock_guard lock(state().mutex);
  return state().at(id).factory->newCell();
}

void AccumulatorRegistry::merge(AccumulatorId id, const AccumulatorCell& cell) {
  access(id, [&](AccumulatorCell& value) { value.mergeCell(cell); });
}

void AccumulatorRegistry::merge(AccumulatorId id, Reader& encoded) {
  access(id, [&](AccumulatorCell& value) { value.merge(encoded); });
}

void AccumulatorRegistry::access(AccumulatorId id, const std::function<void(AccumulatorCell&)>& use) {
  std::lock_guard lock(state().mutex);
  Known& known = state().at(id);
  if (!known.value) throw InvalidArgument("the value of accumulator " + id.str() + " can be read in the driver only");
  use(*known.value);
}

std::vector<std::pair<AccumulatorId, Bytes>> AccumulatorRegistry::encodedFrom(int64_t first, int64_t& next) {
  std::lock_guard lock(state().mutex);
  std::vector<std::pair<AccumulatorId, Bytes>> all;
  for (auto at = state().accumulators.lower_bound(AccumulatorId(first)); at != state().accumulators.end(); ++at) {
    Bytes bytes;
    Writer out(bytes);
    out.put(at->second.factory->entry());
    at->second.factory->encode(out);
    all.emplace_back(at->first, std::move(bytes));
  }
  next = state().next_id;
  return all;
}

void AccumulatorRegistry::defineEncoded(AccumulatorId id, const Bytes& encoded) {
  Reader in(encoded);
  using Decode = std::shared_ptr<const AccumulatorFactory> (*)(Reader&);
  auto decode = reinterpret_cast<Decode>(resolveEntry(EntryKind::kAccumulator, in.get<EntryId>()));
  define(id, decode(in));
}

}  // namespace cerium
