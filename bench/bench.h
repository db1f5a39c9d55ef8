// Cerium. Licensed under the Apache License 2.0.
// The common part of the bench programs. Each compares the engine with a hand-written C++ program that has as many
// threads as CERIUM_MASTER has cores, and prints a JSON object on one line.
//
// Both sides run in forked processes of their own, so that neither profits from the other's memory or caches, and their
// memory peaks are separate. A side makes its input first, untimed, and then runs the same work several times; the
// median counts.
//
// The baselines use the engine's hash table and sort (CombineTable, sortPairs), which cerium.h contains because
// operations are templates: the comparison measures the engine around them.
#pragma once

#include <cerium/cerium.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace cerium::bench {

struct Options {
  double scale = 1;  ///< Multiplies the size of the data.
  int runs = 3;
  std::string only;  ///< "engine" or "baseline": runs that side alone, in this process, for a profiler.

  /// `full` at scale 1; never below 1.
  [[nodiscard]] int64_t scaled(int64_t full) const;
};

/// The result that both sides must agree on: integers exactly, floating point within 1e-9 of the larger value.
struct Answer {
  std::vector<uint64_t> exact;
  std::vector<double> close;
};
[[nodiscard]] bool agree(const Answer& a, const Answer& b);

/// The resources that this process and its descendants have used in total.
struct Usage {
  double peak_rss_mb = 0;  ///< VmHWM, summed over the processes.
  // A comparison's line has the time of one run; it does not depend on how busy the machine is.
  double cpu_seconds = 0;
};
/// Counts running processes only: executors of a local-cluster while their Context lives.
Usage usageOfFamily();

/// The measurements of one side, sent by its process to its parent.
struct Outcome {
  double seconds = 0;
  Usage usage;
  Answer answer;
};

/// Runs and times the work of one side.
class Recorder {
 public:
  explicit Recorder(int runs) : runs_(runs) {}

  /// Runs `work`, which returns an Answer. Call it once, while the Context lives.
  template <class Work>
  void measure(Work work) {
    const double cpu_before = usageOfFamily().cpu_seconds;
    for (int i = 0; i < runs_; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      outcome_.answer = work();
      seconds_.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    finish(cpu_before);
  }
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }

 private:
  void finish(double cpu_before);

  int runs_;
  std::vector<double> seconds_;
  Outcome outcome_;
};

/// More fields of the line: name and value.
using More = std::vector<std::pair<std::string, double>>;

/// The two sides of a comparison. The baseline gets as many threads as the engine has cores.
struct Comparison {
  std::string name;
  std::function<void(Context&, const Options&, Recorder&)> engine;
  std::function<void(int threads, const Options&, Recorder&)> baseline;
  /// Additional fields, computed from the engine's seconds.
  std::function<More(double seconds)> more = {};
};

/// Parses --scale F, --runs N, --only SIDE. Ends the program with a message for other arguments. Does not return in an
/// executor.
Options parseOptions(int argc, char** argv);
/// The settings of a Context on CERIUM_MASTER; default local[2].
Conf benchConf(const std::string& name);

/// Runs both sides and prints the line. Returns main's result: 1 if a side fails or the answers differ.
int compare(const Comparison& comparison, const Options& options);
/// Prints the line of a comparison that was measured in another way. Returns main's result.
int report(const std::string& name, const Options& options, const Outcome& engine, const Outcome& baseline,
           const More& more = {});

/// Calls work(0) .. work(threads - 1) at the same time.
template <class Work>
void onThreads(int threads, Work work) {
  std::vector<std::thread> all;
  for (int i = 1; i < threads; ++i) all.emplace_back(work, i);
  work(0);
  for (auto& thread : all) thread.join();
}
/// The begin of slice `i` of `n` slices of [0, size).
inline size_t sliceBegin(size_t size, int i, int n) { return size * static_cast<size_t>(i) / static_cast<size_t>(n); }

}  // namespace cerium::bench
