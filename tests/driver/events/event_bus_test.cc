// Cerium. Licensed under the Apache License 2.0.
#include "driver/events/event_bus.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <future>
#include <stdexcept>

namespace cerium {
namespace {

/// Keeps all that it reads; read it when its queue has stopped. Until `gate` opens it does not get past its first.
struct Keeper final : EventReader {
  void read(const events::Event& event) override {
    if (all.empty() && gate.valid()) {
      entered.set_value();
      gate.wait();
    }
    all.push_back(event);
  }
  template <class Kind>
  std::vector<Kind> only() const {
    std::vector<Kind> found;
    for (const auto& event : all) {
      if (const Kind* one = std::get_if<Kind>(&event)) found.push_back(*one);
    }
    return found;
  }
  std::vector<events::Event> all;
  std::promise<void> entered;
  std::shared_future<void> gate;
};

events::Event task(int64_t id) {
  events::TaskStarted started;
  started.task.task = TaskId(id);
  return started;
}
events::Event job(int64_t id) {
  events::JobDescription job;
  job.job = JobId(id);
  return events::JobStarted{.at = {}, .job = std::make_shared<events::JobDescription>(job), .stages = {}};
}
events::Event executor(int64_t id) {
  events::ExecutorAdded added;
  added.executor = ExecutorId(id);
  return added;
}

}  // namespace

TEST_CASE("a slow reader misses events of tasks, which are counted, and never those of jobs or executors", "[driver]") {
  constexpr int64_t kCapacity = 100;
  constexpr int64_t kEach = 1'000;
  std::promise<void> open;
  const auto slow = std::make_shared<Keeper>();
  slow->gate = open.get_future().share();
  const auto quick = std::make_shared<Keeper>();
  EventBus bus;
  const auto slow_queue = EventQueue::start({.name = "slow", .capacity = kCapacity}, slow);
  bus.add(slow_queue);
  const auto quick_queue = EventQueue::start({.name = "quick", .capacity = 10 * kEach}, quick);
  bus.add(quick_queue);

  bus.post(events::ApplicationStarted{});
  slow->entered.get_future().wait();
  for (int64_t id = 0; id < kEach; ++id) {
    bus.post(task(id));
    if (id % 100 == 0) {
      bus.post(job(id));
      bus.post(executor(id));
    }
  }
  quick_queue->flush();
  CHECK(quick->only<events::TaskStarted>().size() == kEach);  // the slow one keeps no other waiting

  open.set_value();
  bus.stop();
  const auto tasks = slow->only<events::TaskStarted>();
  CHECK(tasks.size() < kCapacity);
  CHECK(slow_queue->dropped() == kEach - tasks.size());
  const auto told = slow->only<events::EventsDropped>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].dropped == slow_queue->dropped());
  CHECK(told[0].total == slow_queue->dropped());
  CHECK(quick->only<events::EventsDropped>().empty());
  for (const auto& reader : {slow, quick}) {
    std::vector<int64_t> jobs;
    for (const auto& each : reader->only<events::JobStarted>()) jobs.push_back(each.job->job.value);
    std::vector<int64_t> executors;
    for (const auto& each : reader->only<events::ExecutorAdded>()) executors.push_back(each.executor.value);
    CHECK(jobs == std::vector<int64_t>{0, 100, 200, 300, 400, 500, 600, 700, 800, 900});
    CHECK(executors == jobs);
  }
}

TEST_CASE("a reader without details gets none, and the bus counts as unwatched", "[driver]") {
  const auto keeper = std::make_shared<Keeper>();
  EventBus bus;
  bus.add(EventQueue::start({.name = "status", .takes = EventQueue::Takes::kNoDetails}, keeper));
  CHECK_FALSE(bus.isWatched());
  bus.post(task(1));
  bus.post(job(1));
  bus.stop();
  CHECK(keeper->all.size() == 1);
  CHECK(keeper->only<events::JobStarted>().size() == 1);
  bus.add(EventQueue::start({.name = "all"}, keeper));
  CHECK(bus.isWatched());
}

TEST_CASE("what is queued as the bus stops is delivered, what is posted later is not", "[driver]") {
  const auto keeper = std::make_shared<Keeper>();
  EventBus bus;
  bus.add(EventQueue::start({.name = "keeper"}, keeper));
  for (int64_t id = 0; id < 1'000; ++id) bus.post(task(id));
  bus.stop();
  bus.post(task(1'000));
  CHECK(keeper->all.size() == 1'000);
}

TEST_CASE("a reader that throws gets what follows, and one that stops the bus does not wait for itself", "[driver]") {
  struct Odd final : EventReader {
    explicit Odd(EventBus& event_bus) : bus(event_bus) {}
    void read(const events::Event&) override {
      if (++read_events == 1) throw std::runtime_error("not this one");
      bus.stop();
      done.set_value();
    }
    EventBus& bus;
    int read_events = 0;
    std::promise<void> done;
  };
  EventBus bus;
  const auto odd = std::make_shared<Odd>(bus);
  bus.add(EventQueue::start({.name = "odd"}, odd));
  bus.post(task(1));
  bus.post(task(2));
  odd->done.get_future().wait();
  CHECK(odd->read_events == 2);
}

}  // namespace cerium
