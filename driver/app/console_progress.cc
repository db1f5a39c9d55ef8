// Cerium. Licensed under the Apache License 2.0.
#include "driver/app/console_progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <unordered_map>
#include <utility>

namespace cerium {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kFirst = std::chrono::milliseconds(500);  // short jobs draw nothing
constexpr auto kEvery = std::chrono::milliseconds(200);

size_t terminalWidth() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void show(const std::string& line) {
  const std::string text = "\r" + line + "\x1b[K";
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::string progressLine(const std::vector<StageInfo>& active, const std::vector<double>& seconds, size_t width) {
  std::string line;
  for (size_t i = 0; i < active.size(); ++i) {
    const StageInfo& stage = active[i];
    const double rate = seconds[i] > 0 ? stage.completed_tasks / seconds[i] : 0;
    std::string left = "-";
    if (rate > 0) left = fmt::format("{:.0f} s", (stage.num_tasks - stage.completed_tasks) / rate);
    line += fmt::format("{}[stage {}: {}/{} tasks, {:.1f}/s, {} left]", line.empty() ? "" : " ", stage.id,
                        stage.completed_tasks, stage.num_tasks, rate, left);
  }
  if (line.size() >= width) line.resize(width > 4 ? width - 4 : 0), line += "...";
  return line;
}

struct ConsoleProgress::State {
  explicit State(const StatusStore& store) : status(store), thread([this] { run(); }) {}

  void run() {
    std::unordered_map<int64_t, Clock::time_point> begins;
    bool drawn = false;
    MutexLock lock(mutex);
    for (;;) {
      const auto next = Clock::now() + kEvery;
      while (!stopping && wake.waitUntil(mutex, next)) {
      }
      if (stopping) break;
      std::vector<StageInfo> active;
      std::vector<double> seconds;
      auto known = std::exchange(begins, {});
      for (const StageInfo& stage : status.stages()) {
        if (stage.active_tasks == 0 || stage.completed_tasks >= stage.num_tasks) continue;
        const auto begin = known.try_emplace(stage.id, Clock::now()).first->second;
        begins.emplace(stage.id, begin);
        if (Clock::now() - begin < kFirst) continue;
        active.push_back(stage);
        seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
      }
      if (!active.empty()) {
        show(progressLine(active, seconds, terminalWidth()));
        drawn = true;
      } else if (std::exchange(drawn, false)) {
        show("");
      }
    }
    if (drawn) show("");
  }

  const StatusStore& status;
  Mutex mutex;
  CondVar wake;
  bool stopping CERIUM_GUARDED_BY(mutex) = false;
  std::thread thread;
};

ConsoleProgress::ConsoleProgress(const StatusStore& status) : state_(std::make_unique<State>(status)) {}

ConsoleProgress::~ConsoleProgress() {
  {
    MutexLock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notifyAll();
  state_->thread.join();
}

}  // namespace cerium
