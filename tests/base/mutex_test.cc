// Cerium. Licensed under the Apache License 2.0.
#include "base/util/mutex.h"

#include <catch2/catch.hpp>
#include <future>

using namespace cerium;

namespace {

struct Door {
  Mutex mutex;
  CondVar changed;
  bool is_waiting CERIUM_GUARDED_BY(mutex) = false;
  bool is_open CERIUM_GUARDED_BY(mutex) = false;
};

}  // namespace

TEST_CASE("a wait releases its mutex, and holds it again afterwards", "[base]") {
  Door door;
  auto waiting = std::async(std::launch::async, [&door] {
    MutexLock lock(door.mutex);
    door.is_waiting = true;
    door.changed.notifyAll();
    while (!door.is_open) door.changed.wait(door.mutex);
    door.is_open = false;
  });
  {
    MutexLock lock(door.mutex);
    while (!door.is_waiting) door.changed.wait(door.mutex);
    door.is_open = true;
    door.changed.notifyAll();
  }
  waiting.get();
  MutexLock lock(door.mutex);
  CHECK_FALSE(door.is_open);
}

TEST_CASE("a wait whose time has come returns false and holds its mutex", "[base]") {
  Door door;
  MutexLock lock(door.mutex);
  CHECK_FALSE(door.changed.waitUntil(door.mutex, std::chrono::steady_clock::now()));
  auto other = std::async(std::launch::async, [&door] {
    MutexLock entered(door.mutex);
    return door.is_open;
  });
  door.is_open = true;
  lock.unlock();
  CHECK(other.get());
}

TEST_CASE("a MutexLock that was released lets other threads in, and can be taken again", "[base]") {
  Door door;
  MutexLock lock(door.mutex);
  lock.unlock();
  std::async(std::launch::async, [&door] {
    MutexLock entered(door.mutex);
    door.is_open = true;
  }).get();
  lock.lock();
  CHECK(door.is_open);
}
