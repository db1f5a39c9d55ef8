// Cerium. Licensed under the Apache License 2.0.
// startup: from the start of a process to its first result, the sum of a thousand numbers. This program starts itself
// again, with a variable that names the side; the baseline is a program that adds and prints.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "bench/bench.h"

namespace cerium::bench {
namespace {

constexpr const char* kSideVariable = "CERIUM_BENCH_STARTUP_SIDE";

std::string usageText() {
  const Usage usage = usageOfFamily();
  return std::to_string(usage.peak_rss_mb) + ' ' + std::to_string(usage.cpu_seconds);
}
int writeLine(const std::string& line) {
  return ::write(STDOUT_FILENO, (line + '\n').data(), line.size() + 1) > 0 ? 0 : 1;
}

/// The work of the started process: prints its result at once, and then the resources that it used.
int beSide(const std::string& side) {
  if (side == "baseline") {
    int64_t sum = 0;
    for (int64_t i = 0; i < 1000; ++i) sum += i;
    return writeLine(std::to_string(sum)) + writeLine(usageText());
  }
  Context sc(benchConf("startup"));
  return writeLine(std::to_string(sc.range(1000).sum())) + writeLine(usageText());
}

/// Starts this program as `side` and measures the seconds until its result.
Outcome startOnce(const char* side) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw IoError("bench: no pipe to a child process");
  ::setenv(kSideVariable, side, 1);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  char name[] = "bench_startup";
  char* argv[] = {name, nullptr};
  pid_t child = 0;
  const auto begin = std::chrono::steady_clock::now();
  const int error = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, argv, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (error != 0) throw IoError(std::string("bench: cannot start this program again: ") + std::strerror(error));
  std::string text;
  char buffer[64];
  Outcome outcome;
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    if (text.empty()) outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    text.append(buffer, static_cast<size_t>(n));
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (text.empty()) throw Error(std::string("bench: startup: the ") + side + " ended without a result");
  char* rest = nullptr;
  outcome.answer.exact = {std::strtoull(text.c_str(), &rest, 10)};
  outcome.usage.peak_rss_mb = std::strtod(rest, &rest);
  outcome.usage.cpu_seconds = std::strtod(rest, nullptr);
  return outcome;
}

/// The median of `runs` starts, after a first one that loads the program from disk.
Outcome start(const char* side, int runs) {
  startOnce(side);
  std::vector<Outcome> all;
  for (int i = 0; i < runs; ++i) all.push_back(startOnce(side));
  auto middle = all.begin() + runs / 2;
  std::nth_element(all.begin(), middle, all.end(),
                   [](const Outcome& a, const Outcome& b) { return a.seconds < b.seconds; });
  return *middle;
}

}  // namespace
}  // namespace cerium::bench

int main(int argc, char** argv) {
  using namespace cerium::bench;
  const Options options = parseOptions(argc, argv);
  if (const char* side = std::getenv(kSideVariable)) return beSide(side);
  return report("startup", options, start("engine", options.runs), start("baseline", options.runs));
}
