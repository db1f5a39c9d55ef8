// Cerium. Licensed under the Apache License 2.0.
// Mutexes that know what they guard: std::mutex and std::condition_variable with the annotations that clang's
// -Wthread-safety checks. `./dev clang` rejects an access to a guarded member without its mutex. Other compilers see no
// annotation. All is inline and costs what the standard's types cost.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#ifdef __clang__
#define CERIUM_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define CERIUM_THREAD_SAFETY(attribute)
#endif

/// A variable that is read and written only while the mutex is held. For what a pointer points at:
/// CERIUM_PT_GUARDED_BY.
#define CERIUM_GUARDED_BY(mutex) CERIUM_THREAD_SAFETY(guarded_by(mutex))
#define CERIUM_PT_GUARDED_BY(mutex) CERIUM_THREAD_SAFETY(pt_guarded_by(mutex))
/// A function that is called with the mutex held, and returns with it held.
#define CERIUM_REQUIRES(...) CERIUM_THREAD_SAFETY(requires_capability(__VA_ARGS__))
/// A function that takes the mutex itself, so that its caller must not hold it.
#define CERIUM_EXCLUDES(...) CERIUM_THREAD_SAFETY(locks_excluded(__VA_ARGS__))
/// A function that returns with the mutex held, or with it released.
#define CERIUM_ACQUIRE(...) CERIUM_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define CERIUM_RELEASE(...) CERIUM_THREAD_SAFETY(release_capability(__VA_ARGS__))
/// A function that clang does not check. A comment beside it says why its accesses are right.
#define CERIUM_NO_THREAD_SAFETY_ANALYSIS CERIUM_THREAD_SAFETY(no_thread_safety_analysis)

namespace cerium {

/// A std::mutex that annotations can name. Lock it with a MutexLock.
///
///   class Mailbox {
///    public:
///     void put(Letter letter) {
///       MutexLock lock(mutex_);
///       letters_.push_back(std::move(letter));
///       changed_.notifyOne();
///     }
///     Letter take() {
///       MutexLock lock(mutex_);
///       while (letters_.empty()) changed_.wait(mutex_);
///       return takeFirst();
///     }
///
///    private:
///     Letter takeFirst() CERIUM_REQUIRES(mutex_);
///
///     Mutex mutex_;
///     CondVar changed_;
///     std::deque<Letter> letters_ CERIUM_GUARDED_BY(mutex_);
///   };
class CERIUM_THREAD_SAFETY(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() CERIUM_ACQUIRE() { mutex_.lock(); }
  void unlock() CERIUM_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

/// Holds a mutex from its construction to its destruction. Between them a function may release it with unlock() and
/// take it again with lock(). Threads: one.
class CERIUM_THREAD_SAFETY(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CERIUM_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() CERIUM_RELEASE() {
    if (is_held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  /// REQUIRES: the mutex is not held.
  void lock() CERIUM_ACQUIRE() {
    mutex_.lock();
    is_held_ = true;
  }
  /// REQUIRES: the mutex is held.
  void unlock() CERIUM_RELEASE() {
    is_held_ = false;
    mutex_.unlock();
  }

 private:
  Mutex& mutex_;
  bool is_held_ = true;
};

/// A std::condition_variable that waits on a Mutex. A wait may end without a notification, so wait in a loop over the
/// condition: `while (!done_) ended_.wait(mutex_);`. There are no waits with a predicate, because clang does not know
/// that the mutex is held in a lambda.
class CondVar {
 public:
  void notifyOne() noexcept { changed_.notify_one(); }
  void notifyAll() noexcept { changed_.notify_all(); }

  /// Releases the mutex, waits for a notification, and takes the mutex again.
  void wait(Mutex& mutex) CERIUM_REQUIRES(mutex) {
    Adopted lock(mutex);
    changed_.wait(lock.held);
  }
  /// As wait(), until `time` at the latest. Returns false if that time has come:
  /// `while (!done_ && ended_.waitUntil(mutex_, deadline)) {}` leaves the condition to be looked at afterwards.
  template <class Clock, class Duration>
  bool waitUntil(Mutex& mutex, const std::chrono::time_point<Clock, Duration>& time) CERIUM_REQUIRES(mutex) {
    Adopted lock(mutex);
    return changed_.wait_until(lock.held, time) == std::cv_status::no_timeout;
  }
  /// As waitUntil(), for a wait without a condition: a loop would begin the time anew at each notification.
  template <class Rep, class Period>
  bool waitFor(Mutex& mutex, const std::chrono::duration<Rep, Period>& time) CERIUM_REQUIRES(mutex) {
    return waitUntil(mutex, std::chrono::steady_clock::now() + time);
  }

 private:
  /// The caller's lock in the form that std::condition_variable takes. The caller still holds it afterwards.
  struct Adopted {
    explicit Adopted(Mutex& mutex) : held(mutex.mutex_, std::adopt_lock) {}
    ~Adopted() { held.release(); }
    std::unique_lock<std::mutex> held;
  };

  std::condition_variable changed_;
};

}  // namespace cerium
