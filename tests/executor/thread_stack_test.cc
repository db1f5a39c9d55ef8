// Cerium. Licensed under the Apache License 2.0.
// The stack of a thread that hangs.
#include "executor/thread_stack.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

namespace cerium {
namespace {

[[gnu::noinline, maybe_unused]] void spinsUntil(const std::atomic<bool>& over, std::atomic<bool>& spins) {
  while (!over) spins = true;
}
[[gnu::noinline]] void readsFrom(int fd) {
  char byte;
  while (::read(fd, &byte, 1) < 0) {
  }
}

}  // namespace

#ifndef __SANITIZE_THREAD__  // it delivers no signal to a loop without calls
TEST_CASE("the stack of a thread in an endless loop names the function", "[executor][crash]") {
  std::atomic<bool> over = false;
  std::atomic<bool> spins = false;
  std::thread thread([&] { spinsUntil(over, spins); });
  while (!spins) std::this_thread::yield();
  const std::string first = describeStack(stackOf(thread.native_handle()));
  const std::string second = describeStack(stackOf(thread.native_handle()));
  over = true;
  thread.join();
  CHECK_THAT(first, Catch::Contains("spinsUntil"));
  CHECK_THAT(second, Catch::Contains("spinsUntil"));
}
#endif

TEST_CASE("the stack of a thread that reads from a pipe names the function", "[executor][crash]") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  std::thread thread([&] { readsFrom(ends[0]); });
  std::string stack;
  // until the thread has reached the call
  for (int i = 0; i < 100 && stack.find("readsFrom") == std::string::npos; ++i) {
    stack = describeStack(stackOf(thread.native_handle()));
  }
  const bool is_written = ::write(ends[1], "x", 1) == 1;
  thread.join();
  ::close(ends[0]);
  ::close(ends[1]);
  CHECK(is_written);
  CHECK_THAT(stack, Catch::Contains("readsFrom"));
}

TEST_CASE("a thread that blocks all signals is given up after a while", "[executor][crash]") {
  std::atomic<bool> over = false;
  std::atomic<bool> blocks = false;
  std::thread thread([&] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (!over) blocks = true;
    pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
  });
  while (!blocks) std::this_thread::yield();
  CHECK(stackOf(thread.native_handle()).frames == 0);
  over = true;
  thread.join();
}

}  // namespace cerium
