// Cerium. Licensed under the Apache License 2.0.
#include "base/util/log.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "base/util/error.h"
#include "base/util/non_blocking_stream.h"
#include "base/util/printable.h"
#include "base/util/serial_thread.h"

namespace cerium::log {
namespace {

constexpr std::string_view kNames[] = {"DEBUG", "INFO", "WARN", "ERROR", "OFF"};
constexpr size_t kMaxKept = 1 << 20;            // bytes
constexpr std::chrono::milliseconds kLook{50};  // for the end, while nobody reads
constexpr std::chrono::seconds kLastWords{1};
std::atomic<Level> g_level{Level::kWarn};

/// What comes from others cannot look like a line of ours, nor reach the terminal as more than text.
std::string indented(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string result;
  for (const char c : printable(text)) {
    result += c;
    if (c == '\n') result += "    ";
  }
  return result;
}

std::string lineOf(Level level, std::string_view role, std::string_view text) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  ::localtime_r(&now.tv_sec, &parts);
  return fmt::format("{:02}:{:02}:{:02}.{:03} {} {}{}{}\n", parts.tm_hour, parts.tm_min, parts.tm_sec,
                     now.tv_nsec / 1'000'000, kNames[static_cast<size_t>(level)], role, role.empty() ? "" : ": ",
                     indented(text));
}

/// Where lines go. Its lock is held while stderr takes bytes, so that the parts of long lines do not mix: as nothing
/// waits there, nobody waits long for the lock.
class Output {
 public:
  void setRole(std::string role) {
    std::lock_guard lock(mutex_);
    role_ = std::move(role);
  }

  void write(Level level, std::string_view text) {
    std::lock_guard lock(mutex_);
    // Once a line is left out, so are the next ones until all that is kept is written: there it is said how many.
    if (left_out_ > 0 || kept_bytes_ > kMaxKept) {
      ++left_out_;
    } else {
      keep(lineOf(level, role_, text));
    }
    if (!writeKept()) startThread();
  }

  void flush(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!isWritten() && std::chrono::steady_clock::now() < deadline) stderr_.waitUntilReady(kLook);
  }

  /// For a process that ends. Lines that come later are written where there is room.
  void stop() {
    flush(kLastWords);
    std::unique_ptr<SerialThread> ended;
    std::lock_guard lock(mutex_);
    stopping_ = true;
    ended = std::move(thread_);
  }

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }
  /// For the child of a fork(), which has none of our threads: its parent writes what is kept.
  [[nodiscard]] Output* ofChild() const {
    auto* fresh = new Output();
    fresh->role_ = role_;
    return fresh;
  }

 private:
  bool isWritten() {
    std::lock_guard lock(mutex_);
    return writeKept();
  }

  // REQUIRES: mutex_
  void keep(std::string line) {
    kept_bytes_ += line.size();
    kept_.push_back(std::move(line));
  }

  // REQUIRES: mutex_. False where there is no room for all.
  bool writeKept() {
    while (!kept_.empty()) {
      const size_t taken = stderr_.write(kept_.front());
      if (taken == 0) return false;
      kept_bytes_ -= taken;
      kept_.front().erase(0, taken);
      if (kept_.front().empty()) kept_.pop_front();
      if (kept_.empty() && left_out_ > 0) {
        keep(lineOf(Level::kWarn, role_,
                    fmt::format("{} lines are left out here: nobody read them in time", std::exchange(left_out_, 0))));
      }
    }
    return true;
  }

  // REQUIRES: mutex_
  void startThread();
  void writeAsRoomComes();

  std::mutex mutex_;
  std::string role_;                         // guarded by mutex_
  NonBlockingStream stderr_{STDERR_FILENO};  // guarded by mutex_, but for waiting
  std::deque<std::string> kept_;             // guarded by mutex_; the first may be the rest of a line
  size_t kept_bytes_ = 0;                    // guarded by mutex_
  uint64_t left_out_ = 0;                    // guarded by mutex_; lines
  bool is_waiting_ = false;                  // guarded by mutex_; the thread is, for room
  bool stopping_ = false;                    // guarded by mutex_
  std::unique_ptr<SerialThread> thread_;     // guarded by mutex_
};

/// Never destroyed: threads may log until the process is gone.
Output* g_output = nullptr;

Output& output() {
  static const int once = [] {
    g_output = new Output();
    return pthread_atfork([] { g_output->lock(); }, [] { g_output->unlock(); }, [] { g_output = g_output->ofChild(); });
  }();
  (void)once;
  return *g_output;
}

void Output::startThread() {
  if (is_waiting_ || stopping_) return;
  try {
    if (!thread_) {
      thread_ = std::make_unique<SerialThread>("cerium-log");
      std::atexit([] { output().stop(); });
    }
    thread_->run([this] { writeAsRoomComes(); });
    is_waiting_ = true;
  } catch (const std::system_error&) {
    // There is no thread to be had; the next line tries again.
  }
}

void Output::writeAsRoomComes() {
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      is_waiting_ = !writeKept() && !stopping_;
      if (!is_waiting_) return;
    }
    stderr_.waitUntilReady(kLook);
  }
}

}  // namespace

void setLevel(Level level) { g_level = level; }

void setLevel(std::string_view name) {
  auto found = std::find(std::begin(kNames), std::end(kNames), name);
  if (found == std::end(kNames)) {
    throw InvalidArgument(fmt::format("\"{}\" is not a log level; use DEBUG, INFO, WARN, ERROR or OFF", name));
  }
  g_level = static_cast<Level>(found - std::begin(kNames));
}

bool enabled(Level level) { return level >= g_level.load(std::memory_order_relaxed); }

void setRole(std::string text) { output().setRole(std::move(text)); }
void write(Level level, std::string_view text) { output().write(level, text); }
void flush(std::chrono::milliseconds limit) { output().flush(limit); }

}  // namespace cerium::log
