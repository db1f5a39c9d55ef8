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
#include <system_error>
#include <utility>

#include "base/util/error.h"
#include "base/util/mutex.h"
#include "base/util/non_blocking_stream.h"
#include "base/util/printable.h"
#include "base/util/serial_thread.h"

namespace cerium::log {
namespace {

constexpr std::string_view kNames[] = {"DEBUG", "INFO", "WARN", "ERROR", "OFF"};
constexpr size_t kMaxKept = 1 << 20;            // bytes
constexpr std::chrono::milliseconds kLook{50};  // how often flush looks whether stderr takes bytes again
constexpr std::chrono::seconds kLastWords{1};
std::atomic<Level> g_level{Level::kWarn};

/// The text with control characters replaced and the lines after the first indented, so that a text from elsewhere
/// cannot forge a log line.
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

/// The queue of log lines and stderr. mutex_ is held while stderr takes bytes, so that parts of long lines do not mix;
/// writing does not block, so the lock is held briefly.
class Output {
 public:
  void setRole(std::string role) {
    MutexLock lock(mutex_);
    role_ = std::move(role);
  }

  void write(Level level, std::string_view text) {
    MutexLock lock(mutex_);
    // After one line is left out, all further lines are left out until the kept lines are written; then one line says
    // how many are missing.
    if (left_out_ > 0 || kept_bytes_ > kMaxKept) {
      ++left_out_;
    } else {
      keep(lineOf(level, role_, text));
    }
    if (!writeKept()) startThread();
  }

  void flush(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!isWritten() && std::chrono::steady_clock::now() < deadline) waitForRoom();
  }

  /// Called at the end of the process. Later lines are written only if stderr has room.
  void stop() {
    flush(kLastWords);
    std::unique_ptr<SerialThread> ended;
    MutexLock lock(mutex_);
    stopping_ = true;
    ended = std::move(thread_);
  }

  // fork() calls the first of these three functions, then the second in the parent and the third in the child. Clang
  // does not see that the mutex is held between the calls.
  void beforeFork() CERIUM_NO_THREAD_SAFETY_ANALYSIS { mutex_.lock(); }
  void inParent() CERIUM_NO_THREAD_SAFETY_ANALYSIS { mutex_.unlock(); }
  /// Returns a new Output, as the child has no log thread. The parent writes the kept lines.
  [[nodiscard]] Output* inChild() const CERIUM_NO_THREAD_SAFETY_ANALYSIS {
    auto* fresh = new Output();
    fresh->role_ = role_;
    return fresh;
  }

 private:
  bool isWritten() {
    MutexLock lock(mutex_);
    return writeKept();
  }

  void keep(std::string line) CERIUM_REQUIRES(mutex_) {
    kept_bytes_ += line.size();
    kept_.push_back(std::move(line));
  }

  // Writes kept lines. Returns false if stderr has no room for all of them.
  bool writeKept() CERIUM_REQUIRES(mutex_) {
    while (!kept_.empty()) {
      const size_t taken = stderr_.write(kept_.front());
      if (taken == 0) return false;
      kept_bytes_ -= taken;
      kept_.front().erase(0, taken);
      if (kept_.front().empty()) kept_.pop_front();
      if (kept_.empty() && left_out_ > 0) {
        keep(lineOf(Level::kWarn, role_,
                    fmt::format("{} log lines are missing here: stderr was full", std::exchange(left_out_, 0))));
      }
    }
    return true;
  }

  void startThread() CERIUM_REQUIRES(mutex_);
  void writeAsRoomComes();
  /// Not checked: waits for the descriptor, which never changes, and must not hold the mutex meanwhile.
  void waitForRoom() CERIUM_NO_THREAD_SAFETY_ANALYSIS { stderr_.waitUntilReady(kLook); }

  Mutex mutex_;
  std::string role_ CERIUM_GUARDED_BY(mutex_);
  NonBlockingStream stderr_ CERIUM_GUARDED_BY(mutex_){STDERR_FILENO};  // see waitForRoom()
  std::deque<std::string> kept_ CERIUM_GUARDED_BY(mutex_);             // the first may be the remainder of a line
  size_t kept_bytes_ CERIUM_GUARDED_BY(mutex_) = 0;
  uint64_t left_out_ CERIUM_GUARDED_BY(mutex_) = 0;    // how many lines
  bool is_waiting_ CERIUM_GUARDED_BY(mutex_) = false;  // the thread waits for room
  bool stopping_ CERIUM_GUARDED_BY(mutex_) = false;
  std::unique_ptr<SerialThread> thread_ CERIUM_GUARDED_BY(mutex_);
};

/// Never destroyed: threads may log until the process ends.
Output* g_output = nullptr;

Output& output() {
  static const int once = [] {
    g_output = new Output();
    return pthread_atfork([] { g_output->beforeFork(); }, [] { g_output->inParent(); },
                          [] { g_output = g_output->inChild(); });
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
    // The system has no thread left. The next line tries again.
  }
}

void Output::writeAsRoomComes() {
  for (;;) {
    {
      MutexLock lock(mutex_);
      is_waiting_ = !writeKept() && !stopping_;
      if (!is_waiting_) return;
    }
    waitForRoom();
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
