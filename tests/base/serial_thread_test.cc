// Cerium. Licensed under the Apache License 2.0.
#include "base/util/serial_thread.h"

#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <vector>

#include "base/util/log.h"

namespace cerium {

TEST_CASE("a serial thread runs all in order, on one thread", "[serial_thread]") {
  std::vector<int> order;
  std::vector<std::thread::id> threads;
  {
    SerialThread thread("test", SerialThread::AtEnd::kFinish);
    for (int i = 0; i < 1'000; ++i) {
      thread.run([&, i] {
        order.push_back(i);
        threads.push_back(std::this_thread::get_id());
      });
    }
  }
  REQUIRE(order.size() == 1'000);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(std::count(threads.begin(), threads.end(), threads[0]) == 1'000);
  CHECK(threads[0] != std::this_thread::get_id());
}

TEST_CASE("stopping a serial thread waits for the running function and drops the others", "[serial_thread]") {
  std::promise<void> begun;
  std::promise<void> go_on;
  bool ended = false;
  bool other_ran = false;
  SerialThread thread("test");
  thread.run([&] {
    begun.set_value();
    go_on.get_future().wait();
    ended = true;
  });
  thread.run([&] { other_ran = true; });
  begun.get_future().wait();
  auto stopped = std::async(std::launch::async, [&] { thread.stop(); });
  CHECK(stopped.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
  go_on.set_value();
  stopped.get();
  CHECK(ended);
  CHECK_FALSE(other_ran);
  thread.run([&] { other_ran = true; });
  thread.stop();
  CHECK_FALSE(other_ran);
}

TEST_CASE("a function's captures are destroyed before the next one begins", "[serial_thread]") {
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> seen = held;
  std::promise<bool> gone;
  SerialThread thread("test");
  thread.run([held = std::move(held)] { (void)held; });
  thread.run([&] { gone.set_value(seen.expired()); });
  CHECK(gone.get_future().get());
}

TEST_CASE("an exception of a function does not end the thread", "[util]") {
  SerialThread thread("test", SerialThread::AtEnd::kFinish);
  bool came = false;
  log::setLevel(log::Level::kOff);
  thread.run([] { throw 42; });
  thread.run([&] { came = true; });
  thread.stop();
  log::setLevel(log::Level::kInfo);
  CHECK(came);
}

}  // namespace cerium
