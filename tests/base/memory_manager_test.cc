// Cerium. Licensed under the Apache License 2.0.
// One budget: reservations count, requests beyond the budget are refused, cached blocks make room first.
#include "base/storage/memory_manager.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

namespace cerium {

TEST_CASE("memory is given up to the budget and not beyond it", "[base][memory]") {
  MemoryManager memory(100);
  CHECK(memory.tryReserve(60));
  CHECK(memory.tryReserve(40));
  CHECK_FALSE(memory.tryReserve(1));
  memory.release(50);
  CHECK(memory.used() == 50);
  CHECK_FALSE(memory.tryReserve(51));
  CHECK(memory.tryReserve(50));
  CHECK_FALSE(memory.tryReserve(SIZE_MAX));
}

TEST_CASE("an overdrawn budget refuses everything until it is paid back", "[base][memory]") {
  MemoryManager memory(100);
  memory.reserveAnyway(150);
  CHECK_FALSE(memory.tryReserve(0));
  CHECK_FALSE(memory.tryReserve(1));
  memory.release(60);
  CHECK(memory.tryReserve(10));
}

TEST_CASE("the evictor is asked when memory is short, and only when that may help", "[base][memory]") {
  MemoryManager memory(100);
  std::vector<size_t> asked;
  memory.setEvictor([&](size_t wanted) {
    asked.push_back(wanted);
    memory.release(30);
  });
  REQUIRE(memory.tryReserve(90));
  CHECK(memory.tryReserve(40));
  CHECK(asked == std::vector<size_t>{40});
  CHECK_FALSE(memory.tryReserve(101));
  CHECK(asked.size() == 1);
}

TEST_CASE("a reservation gives back what it holds", "[base][memory]") {
  MemoryManager memory(100);
  {
    Reservation one(memory);
    REQUIRE(one.tryResize(80));
    CHECK_FALSE(one.tryResize(101));
    CHECK(one.bytes() == 80);
    REQUIRE(one.tryResize(30));
    CHECK(memory.used() == 30);
    Reservation other(std::move(one));
    CHECK(other.bytes() == 30);
    other.resizeAnyway(500);
    CHECK(memory.used() == 500);
  }
  CHECK(memory.used() == 0);
  Reservation detached(memory);
  REQUIRE(detached.tryResize(10));
  CHECK(detached.detach() == 10);
  CHECK(memory.used() == 10);
}

TEST_CASE("threads together never get more than the budget", "[base][memory]") {
  MemoryManager memory(1000);
  std::atomic<size_t> most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        if (!memory.tryReserve(300)) continue;
        const size_t used = memory.used();
        if (used > most) most = used;
        memory.release(300);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(most <= 1000);
  CHECK(most >= 300);
  CHECK(memory.used() == 0);
}

TEST_CASE("of several tasks none gets more than its part of the budget", "[base][memory]") {
  MemoryManager memory(100);
  MemoryShare first(memory);
  const MemoryManager::Sharing one(first);
  Reservation alone(memory);
  CHECK(alone.tryResize(90));
  CHECK(first.used() == 90);
  alone.resizeAnyway(0);
  {
    MemoryShare second(memory);
    const MemoryManager::Sharing two(second);
    Reservation of_two(memory);
    CHECK(of_two.tryResize(50));
    CHECK_FALSE(of_two.tryResize(51));
    CHECK(memory.tryReserve(50, &first));
    CHECK_FALSE(memory.tryReserve(1, &first));
    memory.release(50, &first);
  }
  CHECK(alone.tryResize(100));
}

TEST_CASE("a task that comes late gets its part from one that is asked to shrink", "[base][memory]") {
  constexpr size_t kBudget = size_t{100} << 20;
  MemoryManager memory(kBudget);
  MemoryShare early_share(memory);
  const MemoryManager::Sharing early_sharing(early_share);
  Reservation early(memory);
  REQUIRE(early.tryResize(kBudget));
  CHECK_FALSE(early.isAskedToShrink());
  bool got_its_part = false;
  std::thread late([&] {
    MemoryShare share(memory);
    const MemoryManager::Sharing sharing(share);
    Reservation mine(memory);
    while (!mine.tryResize(kBudget / 2)) {
    }
    got_its_part = true;
  });
  while (!early.isAskedToShrink()) std::this_thread::yield();
  early.resizeAnyway(kBudget / 4);  // it has spilled
  CHECK_FALSE(early.isAskedToShrink());
  late.join();
  CHECK(got_its_part);
}

TEST_CASE("memory of blocks that outlive a task counts for no task", "[base][memory]") {
  MemoryManager memory(100);
  MemoryShare share(memory);
  const MemoryManager::Sharing sharing(share);
  Reservation output(memory);
  REQUIRE(output.tryResize(40));
  const size_t bytes = output.detach();
  CHECK(share.used() == 0);
  CHECK(memory.used() == 40);
  memory.release(bytes);
}

}  // namespace cerium
