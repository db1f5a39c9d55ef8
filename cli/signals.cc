// Cerium. Licensed under the Apache License 2.0.
#include "cli/signals.h"

#include <pthread.h>
#include <unistd.h>

namespace cerium::cli {

SignalQueue::SignalQueue(std::initializer_list<int> signals) {
  sigemptyset(&signals_);
  for (int signal : signals) sigaddset(&signals_, signal);
  sigaddset(&signals_, kWake);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

std::optional<SignalQueue::Taken> SignalQueue::next(std::chrono::milliseconds limit) {
  const timespec time{limit.count() / 1000, (limit.count() % 1000) * 1'000'000};
  siginfo_t info{};
  const int signal = ::sigtimedwait(&signals_, &info, &time);
  if (signal < 0) return std::nullopt;
  return Taken{signal == kWake ? 0 : signal, info.si_code == SI_KERNEL};
}

SignalQueue::Taken SignalQueue::next() {
  for (;;) {
    if (const auto taken = next(std::chrono::hours(1))) return *taken;
  }
}

void SignalQueue::wake() { ::kill(::getpid(), kWake); }

}  // namespace cerium::cli
