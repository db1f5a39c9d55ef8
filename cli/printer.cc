// Cerium. Licensed under the Apache License 2.0.
#include "cli/printer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "base/util/printable.h"

namespace cerium::cli {
namespace {

constexpr size_t kMaxQueued = 64 << 20;
constexpr std::chrono::milliseconds kLook{50};  // how often the end looks whether it can print on
constexpr std::chrono::seconds kLastWords{1};

}  // namespace

Printer::Printer() : streams_{NonBlockingStream(STDOUT_FILENO), NonBlockingStream(STDERR_FILENO)} {}

Printer::~Printer() {
  (void)finish(kLastWords);
  stopping_ = true;
  thread_.stop();
}

void Printer::print(To to, std::string_view bytes) {
  MutexLock lock(mutex_);
  if (queued_ + bytes.size() > kMaxQueued) {
    left_out_ += bytes.size();
    return;
  }
  sayWhatIsLeftOut();
  queue(to, std::string(bytes));
}

void Printer::say(std::string_view line) {
  MutexLock lock(mutex_);
  queue(To::kStderr, printable(line) + "\n");
}

bool Printer::finish(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  MutexLock lock(mutex_);
  sayWhatIsLeftOut();
  while (queued_ > 0 && changed_.waitUntil(mutex_, deadline)) {
  }
  return queued_ == 0;
}

void Printer::sayWhatIsLeftOut() {
  if (left_out_ == 0) return;
  queue(To::kStderr,
        fmt::format("\n[{} bytes are missing here: this output was not read in time; all of it is in the driver's "
                    "folder on its worker]\n",
                    std::exchange(left_out_, 0)));
}

void Printer::queue(To to, std::string bytes) {
  queued_ += bytes.size();
  thread_.run([this, to, bytes = std::move(bytes)] {
    write(to, bytes);
    MutexLock lock(mutex_);
    queued_ -= bytes.size();
    if (queued_ == 0) changed_.notifyAll();
  });
}

void Printer::write(To to, std::string_view bytes) {
  NonBlockingStream& stream = streams_[static_cast<size_t>(to)];
  while (!bytes.empty() && !stopping_) {
    const size_t taken = stream.write(bytes);
    bytes.remove_prefix(taken);
    if (taken == 0) stream.waitUntilReady(kLook);
  }
}

}  // namespace cerium::cli
