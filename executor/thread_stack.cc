// Cerium. Licensed under the Apache License 2.0.
#include "executor/thread_stack.h"

#include <execinfo.h>
#include <semaphore.h>
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <utility>

#include "base/util/mutex.h"

namespace cerium {
namespace {

// SIGURG is ignored without a handler, so a late signal does no harm, and few programs use it.
constexpr int kSignal = SIGURG;
constexpr time_t kPatience = 1;  // seconds; a thread that runs or sleeps answers in microseconds

/// The answer that one call waits for. It is never freed: a stuck thread may answer at any later time.
struct Request {
  sem_t answered;
  void* frames[CrashRecord::kMaxFrames];
  std::atomic<int> count{0};  ///< Set last, so that a reader of `count` sees the frames.
};

std::atomic<Request*> g_request{nullptr};
static_assert(std::atomic<Request*>::is_always_lock_free);

/// Runs on the thread whose stack is wanted. It does not allocate or lock: backtrace() has loaded what it needs before.
void onStackWanted(int) {
  const int error = errno;
  if (Request* request = g_request.exchange(nullptr)) {
    request->count = ::backtrace(request->frames, CrashRecord::kMaxFrames);
    ::sem_post(&request->answered);
  }
  errno = error;
}

bool isAnswered(Request& request) {
  // sem_timedwait() would use the wall clock, which may be set back by hours meanwhile.
  timespec until{};
  ::clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += kPatience;
  while (::sem_clockwait(&request.answered, CLOCK_MONOTONIC, &until) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

}  // namespace

CrashRecord stackOf(pthread_t thread) {
  static Mutex one_at_a_time;
  const MutexLock lock(one_at_a_time);
  CrashRecord record;
  record.base = programBase();
  void* warm[2];
  ::backtrace(warm, 2);  // loads the unwinder now, because that allocates
  static Request* spare = nullptr;
  Request* request = spare != nullptr ? std::exchange(spare, nullptr) : new Request;
  ::sem_init(&request->answered, 0, 0);

  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = onStackWanted;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  ::sigaction(kSignal, &action, &before);
  g_request = request;
  const bool is_sent = ::pthread_kill(thread, kSignal) == 0;
  if (is_sent && isAnswered(*request)) {
    record.frames = request->count;
    for (int i = 0; i < record.frames; ++i) record.stack[i] = reinterpret_cast<uint64_t>(request->frames[i]);
    spare = request;
  } else if (g_request.exchange(nullptr) == request) {
    spare = request;  // no thread has taken the request, and none will
  }
  ::sigaction(kSignal, &before, nullptr);
  return record;
}

}  // namespace cerium
