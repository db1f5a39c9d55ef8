// Cerium. Licensed under the Apache License 2.0.
// tasks: 20,000 empty tasks in one job: the cost of launching a task and handling its end. The baseline has threads
// that take tasks from a queue under a mutex and put results into another.
#include <deque>
#include <functional>
#include <mutex>
#include <numeric>

#include "bench/bench.h"

namespace cerium::bench {
namespace {

int tasksOf(const Options& options) { return static_cast<int>(options.scaled(20'000)); }

Answer answerOf(const std::vector<int>& results) {
  return {{results.size(), std::accumulate(results.begin(), results.end(), uint64_t{0})}, {}};
}

void engine(Context& sc, const Options& options, Recorder& recorder) {
  const int n = tasksOf(options);
  auto empty = sc.range(0, n, 1, n);
  recorder.measure([&] { return answerOf(sc.runJob(empty, [](auto&) { return TaskContext::get()->partitionId(); })); });
}

void baseline(int threads, const Options& options, Recorder& recorder) {
  recorder.measure([&] {
    std::mutex mutex;
    std::deque<std::function<int()>> waiting;
    std::vector<int> results;
    for (int task = 0; task < tasksOf(options); ++task) waiting.emplace_back([task] { return task; });
    onThreads(threads, [&](int) {
      for (std::unique_lock lock(mutex); !waiting.empty();) {
        auto task = std::move(waiting.front());
        waiting.pop_front();
        lock.unlock();
        const int result = task();
        lock.lock();
        results.push_back(result);
      }
    });
    return answerOf(results);
  });
}

}  // namespace
}  // namespace cerium::bench

int main(int argc, char** argv) {
  using namespace cerium::bench;
  const Options options = parseOptions(argc, argv);
  auto rate = [&](double seconds) { return More{{"tasks_per_second", tasksOf(options) / seconds}}; };
  return compare({"tasks", engine, baseline, rate}, options);
}
