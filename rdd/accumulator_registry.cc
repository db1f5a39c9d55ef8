// Cerium. Licensed under the Apache License 2.0.
#include "rdd/accumulator_registry.h"

#include <map>
#include <set>

#include "base/util/error.h"
#include "base/util/exception_text.h"
#include "base/util/mutex.h"
#include "rdd/task_context.h"

namespace cerium {
namespace {

struct Known {
  explicit Known(std::unique_ptr<AccumulatorCell> start = nullptr) : value(std::move(start)) {}

  std::shared_ptr<const AccumulatorFactory> factory;
  std::string name;
  ContextId context;
  Mutex mutex;
  std::unique_ptr<AccumulatorCell> value CERIUM_GUARDED_BY(mutex);  // Null in an executor
};

/// Stands in an executor for an accumulator whose operation or zero value could not be encoded or decoded.
class BrokenFactory final : public AccumulatorFactory {
 public:
  explicit BrokenFactory(ExceptionText thrown) : thrown_(std::move(thrown)) {}
  [[nodiscard]] std::unique_ptr<AccumulatorCell> newCell() const override { throw ThrownElsewhere(thrown_); }
  [[nodiscard]] EntryId entry() const override { return {}; }
  void encode(Writer&) const override {}

 private:
  ExceptionText thrown_;
};

void encodeFactory(const AccumulatorFactory& factory, Bytes& bytes) {
  Writer out(bytes);
  out.put(true);
  out.put(factory.entry());
  factory.encode(out);
}

}  // namespace

/// Lock order: a Known's mutex is taken after the registry's is released, because its holder runs the program's code,
/// which may use other accumulators.
struct AccumulatorRegistry::State {
  Mutex mutex;
  std::map<AccumulatorId, std::shared_ptr<Known>> accumulators CERIUM_GUARDED_BY(mutex);
  std::set<ContextId> stopped CERIUM_GUARDED_BY(mutex);
  int64_t next_id CERIUM_GUARDED_BY(mutex) = 0;

  std::shared_ptr<Known> at(AccumulatorId id) {
    MutexLock lock(mutex);
    auto found = accumulators.find(id);
    if (found == accumulators.end()) {
      throw InvalidArgument("accumulator " + id.str() +
                            " is not known in this process: it belongs to another Context than the task that uses it; "
                            "make one with the Context whose tasks add to it");
    }
    return found->second;
  }
};

AccumulatorRegistry& AccumulatorRegistry::instance() {
  static AccumulatorRegistry registry;
  return registry;
}

AccumulatorRegistry::State& AccumulatorRegistry::state() {
  static auto* state = new State();  // never destroyed: destructors of the program's globals may read handles
  return *state;
}

AccumulatorId AccumulatorRegistry::add(std::shared_ptr<const AccumulatorFactory> factory, std::string name,
                                       ContextId context) {
  auto known = std::make_shared<Known>(factory->newCell());
  known->factory = std::move(factory);
  known->name = std::move(name);
  known->context = context;
  MutexLock lock(state().mutex);
  const AccumulatorId id(state().next_id++);
  state().accumulators.emplace(id, std::move(known));
  return id;
}

void AccumulatorRegistry::define(AccumulatorId id, std::shared_ptr<const AccumulatorFactory> factory) {
  auto known = std::make_shared<Known>();
  known->factory = std::move(factory);
  MutexLock lock(state().mutex);
  state().accumulators[id] = std::move(known);
}

std::string AccumulatorRegistry::describe(AccumulatorId id) {
  MutexLock lock(state().mutex);
  auto found = state().accumulators.find(id);
  const bool is_named = found != state().accumulators.end() && !found->second->name.empty();
  return "accumulator " + id.str() + (is_named ? " (" + found->second->name + ")" : "");
}

std::unique_ptr<AccumulatorCell> AccumulatorRegistry::newCell(AccumulatorId id, ContextId context) {
  const auto known = state().at(id);
  if (known->context != context) {
    throw InvalidArgument(describe(id) +
                          " belongs to another Context than the task that uses it; make one with the Context whose "
                          "tasks add to it");
  }
  return known->factory->newCell();
}

void AccumulatorRegistry::merge(AccumulatorId id, const AccumulatorCell& cell) {
  access(id, [&](AccumulatorCell& value) { value.mergeCell(cell); });
}

void AccumulatorRegistry::merge(AccumulatorId id, Reader& encoded) {
  access(id, [&](AccumulatorCell& value) { value.merge(encoded); });
}

void AccumulatorRegistry::access(AccumulatorId id, const std::function<void(AccumulatorCell&)>& use) {
  const auto known = state().at(id);
  MutexLock lock(known->mutex);
  if (!known->value) throw InvalidArgument("the value of accumulator " + id.str() + " can be read in the driver only");
  use(*known->value);
}

void AccumulatorRegistry::addOffTask(AccumulatorId id, const std::function<void(AccumulatorCell&)>& use) {
  if (TaskContext* starter = TaskContext::ofAnyThread()) return starter->addFromStartedThread(id, use);
  const auto known = state().at(id);
  bool is_stopped;
  {
    MutexLock lock(state().mutex);
    is_stopped = state().stopped.contains(known->context);
  }
  if (is_stopped) throw Error(describe(id) + ": its Context was stopped; its value can still be read");
  access(id, use);
}

void AccumulatorRegistry::close(ContextId context) {
  MutexLock lock(state().mutex);
  state().stopped.insert(context);
}

std::vector<std::pair<AccumulatorId, Bytes>> AccumulatorRegistry::encodedFrom(ContextId context, int64_t first,
                                                                              int64_t& next) {
  std::vector<std::pair<AccumulatorId, std::shared_ptr<const AccumulatorFactory>>> fresh;
  {
    State& all = state();
    MutexLock lock(all.mutex);
    for (auto at = all.accumulators.lower_bound(AccumulatorId(first)); at != all.accumulators.end(); ++at) {
      if (at->second->context == context) fresh.emplace_back(at->first, at->second->factory);
    }
    next = all.next_id;
  }
  std::vector<std::pair<AccumulatorId, Bytes>> all;
  for (const auto& [id, factory] : fresh) {
    Bytes bytes;
    if (const auto thrown = guarded([&] { encodeFactory(*factory, bytes); })) {
      bytes.clear();
      Writer out(bytes);
      out.put(false);
      out.text(thrown->type);
      out.text(describe(id) + " cannot be serialized: " + thrown->message);
    }
    all.emplace_back(id, std::move(bytes));
  }
  return all;
}

void AccumulatorRegistry::defineEncoded(AccumulatorId id, const Bytes& encoded) {
  using Decode = std::shared_ptr<const AccumulatorFactory> (*)(Reader&);
  Reader in(encoded);
  if (!in.get<bool>()) {
    std::string type(in.text());
    return define(id, std::make_shared<const BrokenFactory>(ExceptionText{std::move(type), std::string(in.text())}));
  }
  auto decode = reinterpret_cast<Decode>(resolveEntry(EntryKind::kAccumulator, in.get<EntryId>()));
  std::shared_ptr<const AccumulatorFactory> factory;
  if (auto thrown = guarded([&] { factory = decode(in); })) {
    thrown->message = "accumulator " + id.str() + " cannot be deserialized: " + thrown->message;
    factory = std::make_shared<const BrokenFactory>(std::move(*thrown));
  }
  define(id, std::move(factory));
}

}  // namespace cerium
