// Cerium. Licensed under the Apache License 2.0.
#include "driver/interrupts.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/protocol/executor_environment.h"
#include "base/util/error.h"

namespace cerium {
namespace {

constexpr char kInterrupted = 'i';
constexpr char kEnd = 'e';

int g_pipe[2] = {-1, -1};  // the handler's way to the thread: writing to a pipe is all that it may do
struct sigaction g_before;

void onInterrupt(int) {
  const int kept = errno;
  (void)!::write(g_pipe[1], &kInterrupted, 1);
  ::sigaction(SIGINT, &g_before, nullptr);
  errno = kept;
}

}  // namespace

Interrupts::Interrupts(std::function<void()> cancel) {
  if (::pipe2(g_pipe, O_CLOEXEC) != 0) throw IoError("cannot make a pipe for SIGINT");
  thread_ = std::thread([cancel = std::move(cancel), from = g_pipe[0]] {
    for (char what = 0; ::read(from, &what, 1) == 1 && what == kInterrupted;) cancel();
  });
  pthread_setname_np(thread_.native_handle(), "cerium-sigint");
  struct sigaction ours {};
  ours.sa_handler = onInterrupt;
  ours.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &ours, &g_before);
}

Interrupts::~Interrupts() {
  ::sigaction(SIGINT, &g_before, nullptr);
  (void)!::write(g_pipe[1], &kEnd, 1);
  thread_.join();
  ::close(g_pipe[0]);
  ::close(g_pipe[1]);
}

bool wantsInterrupts() { return std::getenv(DriverEnvironment::kCancelOnInterrupt) != nullptr; }

}  // namespace cerium
