// Cerium. Licensed under the Apache License 2.0.
// `./dev simulate`: the scheduler on a large simulated cluster with faults, and what it costs. Exits with 1 if
// something is wrong, and prints the seed that shows it again.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <string_view>

#include "tests/support/simulation.h"

namespace cerium::test {
namespace {

struct Wishes {
  bool is_long = false;
  uint64_t seed = std::random_device()();
};

Wishes parse(int argc, char** argv) {
  Wishes wishes;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--long") {
      wishes.is_long = true;
    } else if (argument == "--seed" && i + 1 < argc) {
      wishes.seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      fmt::print(stderr, "usage: {} [--long] [--seed N]\n", argv[0]);
      std::exit(2);
    }
  }
  return wishes;
}

void report(const Simulation::Figures& figures, std::chrono::duration<double> took) {
  const auto tasks = static_cast<double>(figures.tasks);
  const auto partitions = static_cast<double>(figures.delivered);
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  fmt::print("tasks                {} launched, {} partitions computed\n", figures.tasks, figures.delivered);
  fmt::print("simulated time       {:.1f} s\n", static_cast<double>(figures.simulated) / 1000);
  fmt::print("time                 {:.1f} s, at most {} MiB\n", took.count(), use.ru_maxrss >> 10);
  fmt::print("driver time per task {:.2f} us\n", static_cast<double>(figures.in_scheduler.count()) / 1000 / partitions);
  fmt::print("messages per task    {:.2f} to executors, {:.2f} from executors\n",
             static_cast<double>(figures.messages_out) / tasks, static_cast<double>(figures.messages_in) / tasks);
}

int simulate(const Wishes& wishes) {
  const int64_t executors = wishes.is_long ? 10'000 : 1'000;
  const int64_t tasks = wishes.is_long ? 10'000'000 : 1'000'000;
  fmt::print("{} executors, {} tasks, --seed {}\n", executors, tasks, wishes.seed);
  std::fflush(stdout);
  const auto begin = std::chrono::steady_clock::now();
  Simulation simulation(wishes.seed, Simulation::largeSettings(executors, tasks));
  try {
    simulation.run();
  } catch (const Wrong& wrong) {
    fmt::print("wrong: {}\n", wrong.what());
    return 1;
  }
  report(simulation.figures(), std::chrono::steady_clock::now() - begin);
  return 0;
}

}  // namespace
}  // namespace cerium::test

int main(int argc, char** argv) { return cerium::test::simulate(cerium::test::parse(argc, argv)); }
