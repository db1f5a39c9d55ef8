// Cerium. Licensed under the Apache License 2.0.
#include "driver/app/sigint_handler.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/protocol/executor_environment.h"
#include "base/util/error.h"
#include "base/util/mutex.h"

namespace cerium {
namespace {

constexpr char kInterrupted = 'i';
constexpr char kEnd = 'e';

int g_pipe[2] = {-1, -1};  // the handler's way to the thread: writing to a pipe is all that it may do
volatile std::sig_atomic_t g_armed = 0;
struct sigaction g_before;

/// What the objects share: they come and go with the program's Contexts, of which there may be several at a time.
struct Shared {
  Mutex mutex;  // held while a `cancel` runs, so that none is called once its object is gone
  std::vector<const std::function<void()>*> cancels CERIUM_GUARDED_BY(mutex);
  std::thread thread CERIUM_GUARDED_BY(mutex);
};
Shared& shared() {
  static auto* all = new Shared();
  return *all;
}

void onInterrupt(int) {
  const int kept = errno;
  (void)!::write(g_pipe[1], &kInterrupted, 1);
  ::sigaction(SIGINT, &g_before, nullptr);
  g_armed = 0;
  errno = kept;
}

void arm() {
  if (g_armed != 0) return;
  struct sigaction ours {};
  ours.sa_handler = onInterrupt;
  ours.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &ours, &g_before);
  g_armed = 1;
}

void disarm() {
  if (g_armed == 0) return;
  ::sigaction(SIGINT, &g_before, nullptr);
  g_armed = 0;
}

void serve(int from) {
  for (char what = 0; ::read(from, &what, 1) == 1 && what == kInterrupted;) {
    MutexLock lock(shared().mutex);
    for (const auto* cancel : shared().cancels) (*cancel)();
  }
}

}  // namespace

SigintHandler::SigintHandler(std::function<void()> cancel) : cancel_(std::move(cancel)) {
  MutexLock lock(shared().mutex);
  if (shared().cancels.empty()) {
    if (::pipe2(g_pipe, O_CLOEXEC) != 0) throw IoError("cannot make a pipe for SIGINT");
    shared().thread = std::thread(serve, g_pipe[0]);
    pthread_setname_np(shared().thread.native_handle(), "cerium-sigint");
  }
  shared().cancels.push_back(&cancel_);
  arm();
}

SigintHandler::~SigintHandler() {
  std::thread ended;
  int pipe[2];
  {
    MutexLock lock(shared().mutex);
    std::erase(shared().cancels, &cancel_);
    if (!shared().cancels.empty()) return;
    disarm();
    (void)!::write(g_pipe[1], &kEnd, 1);
    ended = std::move(shared().thread);
    std::copy_n(g_pipe, 2, pipe);  // the next object makes another
  }
  ended.join();
  ::close(pipe[0]);
  ::close(pipe[1]);
}

bool wantsInterrupts() { return std::getenv(DriverEnvironment::kCancelOnInterrupt) != nullptr; }

}  // namespace cerium
