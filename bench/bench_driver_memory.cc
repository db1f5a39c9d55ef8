// Cerium. Licensed under the Apache License 2.0.
// driver memory: the memory that the driver and its executors hold after many tasks of one job, and after many small
// jobs of one Context. There is no baseline: a line for each kind has the most megabytes by which a process grew. The
// figures of jobs should not depend on --scale; --scale 10 means ten million tasks and a million jobs.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "bench/bench.h"

namespace cerium::bench {
namespace {

/// A figure of /proc/PID/status in MB; -1 if the process is gone.
double statusOf(const std::string& process, const std::string& field) {
  std::ifstream status("/proc/" + process + "/status");
  for (std::string name; status >> name;) {
    double value = -1;
    if (name == field + ":" && status >> value) return field == "PPid" ? value : value / 1024;
  }
  return -1;
}

/// Resident memory of this process and its executors.
class Growth {
 public:
  Growth() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string process = entry.path().filename();
      const bool is_ours = process == self_ || statusOf(process, "PPid") == ::getpid();
      if (!is_ours) continue;
      std::ofstream("/proc/" + process + "/clear_refs") << 5;  // resets the peak to the current value
      before_[process] = statusOf(process, "VmRSS");
    }
  }
  [[nodiscard]] double ofDriver() const { return of(self_); }
  [[nodiscard]] double ofExecutors() const {
    double most = 0;
    for (const auto& [process, mb] : before_) most = std::max(most, process == self_ ? 0 : of(process));
    return most;
  }

 private:
  [[nodiscard]] double of(const std::string& process) const { return statusOf(process, "VmHWM") - before_.at(process); }

  const std::string self_ = std::to_string(::getpid());
  std::map<std::string, double> before_;
};

auto pairs(Context& sc) {
  return sc.range(0, 4, 1, 2).map([](int64_t i) { return std::pair<int64_t, int64_t>(i % 2, i); });
}

/// The kinds of small jobs, each of which makes something that must be freed, and the result of its action.
struct Kind {
  std::string name;
  int64_t jobs;
  int64_t result;
  std::function<int64_t(Context&)> run;
};
std::vector<Kind> kinds() {
  const auto same = [](int64_t i) { return i; };
  return {
      {"jobs", 100'000, 2, [same](Context& sc) { return sc.range(0, 2, 1, 2).map(same).count(); }},
      {"shuffles", 20'000, 2, [](Context& sc) { return pairs(sc).reduceByKey(std::plus<>()).count(); }},
      {"cached", 20'000, 4, [](Context& sc) { return pairs(sc).cache().count(); }},
  };
}

void show(const std::string& kind, int64_t n, const Growth& growth, double seconds) {
  fmt::print(R"({{"bench":"driver memory","kind":"{}","n":{},"per_second":{:.0f},)"
             R"("driver_grew_mb":{:.0f},"executors_grew_mb":{:.0f}}})"
             "\n",
             kind, n, static_cast<double>(n) / seconds, growth.ofDriver(), growth.ofExecutors());
}

/// Returns false if a result is wrong.
bool measure(Context& sc, const std::string& name, int64_t n, const std::function<bool()>& work) {
  (void)sc.range(0, 2, 1, 2).count();  // allocations of the first job
  const Growth growth;
  const auto begin = std::chrono::steady_clock::now();
  if (!work()) return false;
  show(name, n, growth, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  return true;
}

int run(const Options& options) {
  Context sc(benchConf("driver memory"));
  const int64_t tasks = options.scaled(1'000'000);
  bool is_right =
      measure(sc, "tasks", tasks, [&] { return sc.range(0, tasks, 1, static_cast<int>(tasks)).count() == tasks; });
  for (const Kind& kind : kinds()) {
    const int64_t jobs = options.scaled(kind.jobs);
    is_right = is_right && measure(sc, kind.name, jobs, [&] {
                 bool all_right = true;
                 for (int64_t job = 0; job < jobs; ++job) all_right = kind.run(sc) == kind.result && all_right;
                 return all_right;
               });
  }
  return is_right ? 0 : 1;
}

}  // namespace
}  // namespace cerium::bench

int main(int argc, char** argv) {
  using namespace cerium::bench;
  return run(parseOptions(argc, argv));
}
