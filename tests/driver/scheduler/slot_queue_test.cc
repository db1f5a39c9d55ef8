// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/slot_queue.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "base/util/heap_meter.h"

namespace cerium {
namespace {

/// One operation on both.
void operate(unsigned which, int index, SlotQueue& queue, std::deque<int>& model) {
  if (which == 0) {
    queue.push_back(index);
    model.push_back(index);
  } else if (which == 1) {
    queue.push_front(index);
    model.push_front(index);
  } else if (which == 2 && !model.empty()) {
    queue.pop_front();
    model.pop_front();
  } else if (which == 3 && !model.empty()) {
    queue.pop_back();
    model.pop_back();
  }
}

}  // namespace

TEST_CASE("a queue of slots is what std::deque is", "[driver]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  SlotQueue queue;
  std::deque<int> model;
  for (int step = 0; step < 20'000; ++step) {
    const bool follows = !model.empty() && random() % 2 == 0;
    const auto which = static_cast<unsigned>(random() % 4);
    const int next = which == 0 ? (follows ? model.back() + 1 : 0) : (follows ? model.front() - 1 : 0);
    operate(which, follows ? next : static_cast<int>(random() % 50), queue, model);
    REQUIRE(queue.size() == model.size());
    REQUIRE(queue.empty() == model.empty());
    if (model.empty()) continue;
    REQUIRE(queue.front() == model.front());
    REQUIRE(queue.back() == model.back());
    const int wanted = static_cast<int>(random() % 50);
    REQUIRE(queue.containsAny([&](int index) { return index == wanted; }) ==
            (std::find(model.begin(), model.end(), wanted) != model.end()));
  }
  queue.clear();
  CHECK(queue.empty());
}

TEST_CASE("ten million slots that wait in order take next to no memory", "[driver]") {
  const HeapMeter meter;
  SlotQueue queue;
  for (int index = 0; index < 10'000'000; ++index) queue.push_back(index);
  CHECK(queue.size() == 10'000'000);
  CHECK(meter.grown(0) < 10'000);
}

}  // namespace cerium
