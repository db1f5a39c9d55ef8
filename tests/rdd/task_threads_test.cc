// Cerium. Licensed under the Apache License 2.0.
// Threads that a task starts belong to it.
#include <array>
#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/each_master.h"
#include "tests/support/says.h"

namespace cerium {

using testing::numbers;
using testing::onEachMaster;
using testing::Says;
using testing::sorted;
using testing::testConf;

TEST_CASE("additions of a task's threads to an accumulator count for the task", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto sum = sc.longAccumulator("sum");
    auto all = sc.collectionAccumulator<int>("all");
    sc.parallelize(numbers(0, 4), 4).foreach ([sum, all](int x) {
      std::array<std::thread, 4> threads;
      for (auto& thread : threads) {
        thread = std::thread([sum] {
          for (int i = 0; i < 1000; ++i) sum.add(1);
        });
      }
      sum.add(1);
      auto later = std::async(std::launch::async, [all, sum, x] {
        all.add(x);
        std::thread([sum] { sum.add(1); }).join();  // a thread that a task's thread starts
      });
      later.get();
      for (auto& thread : threads) thread.join();
    });
    CHECK(sum.value() == 4 * (4 * 1000 + 2));
    CHECK(sorted(all.value()) == numbers(0, 4));
  });
}

TEST_CASE("additions of a failed attempt's threads do not count", "[rdd]") {
  for (const char* master : {"local[2,4]", testing::kProcesses}) {
    INFO("master " << master);
    Context sc(testConf(master));
    auto sum = sc.longAccumulator("sum");
    sc.parallelize(numbers(0, 2), 2).foreach ([sum](int) {
      std::thread([sum] { sum.add(1); }).join();
      if (TaskContext::get()->attemptNumber() == 0) throw std::runtime_error("not yet");
    });
    CHECK(sum.value() == 2);
  }
}

TEST_CASE("a thread of a task has its TaskContext", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto partitions = sc.parallelize(numbers(0, 4), 4).map([](int) {
      return std::async(std::launch::async, [] { return TaskContext::getPartitionId(); }).get();
    });
    CHECK(partitions.collect() == numbers(0, 4));
    CHECK(std::async(std::launch::async, [] { return TaskContext::get() == nullptr; }).get());
  });
}

TEST_CASE("an exception that ends a thread of a task fails the task", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 2), 2);
    CHECK_THROWS_WITH(rdd.foreach ([](int) { std::thread([] { throw std::out_of_range("too far"); }).join(); }),
                      Says("std::out_of_range: too far"));
    CHECK(rdd.count() == 2);
  });
}

namespace {
/// A thread that runs on after the end of the task that has started it.
struct Straggler {
  std::thread thread;
  std::promise<void> task_ended;
  std::string told;
  bool had_no_task = false;
  int64_t counted = 0;
};
Straggler* g_straggler = nullptr;
Context* g_context = nullptr;
}  // namespace

TEST_CASE("a thread that outlives its task can add nothing, is told so, and belongs to no task", "[rdd]") {
  Context sc(testConf("local[1]"));
  Straggler straggler;
  g_straggler = &straggler;
  g_context = &sc;
  auto sum = sc.longAccumulator("sum");
  sc.parallelize({1}, 1).foreach ([sum](int) {
    g_straggler->thread = std::thread([sum] {
      g_straggler->task_ended.get_future().wait();
      try {
        sum.add(1);
      } catch (const InvalidArgument& e) {
        g_straggler->told = e.what();
      }
      g_straggler->had_no_task = TaskContext::get() == nullptr;
      g_straggler->counted = g_context->range(0, 10).count();
    });
  });
  straggler.task_ended.set_value();
  straggler.thread.join();
  CHECK_THAT(straggler.told, Says("(sum)", "has ended", "join the thread"));
  CHECK(straggler.had_no_task);
  CHECK(straggler.counted == 10);
  CHECK(sum.value() == 0);
}

TEST_CASE("a job started in a task is refused at once, with the way out", "[rdd]") {
  Context sc(testConf("local[1]"));
  g_context = &sc;
  const auto refused = Says("a task cannot run jobs", "join", "broadcast");
  auto rdd = sc.parallelize(numbers(0, 2), 2);
  CHECK_THROWS_WITH(rdd.map([](int x) { return x + g_context->range(0, 10).count(); }).collect(), refused);
  CHECK_THROWS_WITH(rdd.foreach ([](int) { (void)g_context->range(0, 10).countAsync(); }), refused);
  CHECK_THROWS_WITH(rdd.foreach ([](int) {
    (void)g_context->range(0, 10, 1, 2).map([](int64_t x) { return std::pair(x, x); }).sortByKey();
  }),
                    refused);
  CHECK_THROWS_WITH(rdd.foreach ([](int) {
    for (auto x : g_context->range(0, 10).toLocalIterator()) (void)x;
  }),
                    refused);
  CHECK_THROWS_WITH(rdd.foreach ([](int) { std::thread([] { (void)g_context->range(0, 10).count(); }).join(); }),
                    refused);
  CHECK(rdd.count() == 2);
}

TEST_CASE("a Context made in a task is refused", "[rdd]") {
  onEachMaster([](Context& sc) {
    CHECK_THROWS_WITH(sc.parallelize(numbers(0, 2), 2).foreach ([](int) { Context inner(testConf("local[1]")); }),
                      Says("a task cannot make a Context"));
    CHECK(sc.parallelize(numbers(0, 2), 2).count() == 2);
  });
}

}  // namespace cerium
