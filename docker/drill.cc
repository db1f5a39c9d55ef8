// Cerium. Licensed under the Apache License 2.0.
// A job of a given length, so that docker/test.sh can break a cluster during it.
//   drill TASKS SECONDS [MIB]   each of TASKS tasks takes SECONDS, and touches MIB of memory; a second stage adds up
#include <cerium/cerium.h>

#include <chrono>
#include <iostream>
#include <thread>

int main(int argc, char** argv) {
  cerium::Context sc(cerium::Conf().setAppName("drill"));
  if (argc < 3) {
    std::cerr << "usage: drill TASKS SECONDS [MIB]\n";
    return 2;
  }
  const int tasks = std::stoi(argv[1]);
  const double seconds = std::stod(argv[2]);
  const size_t bytes = argc > 3 ? std::stoul(argv[3]) << 20 : 0;

  auto sums = sc.range(0, tasks, 1, tasks)
                  .map([seconds, bytes](int64_t task) {
                    std::string touched(bytes, 'x');
                    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
                    return std::pair(task % 4, touched.size() == bytes ? task : -1);
                  })
                  .reduceByKey(std::plus<>(), 4)
                  .map([seconds](const std::pair<int64_t, int64_t>& sum) {
                    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
                    return sum.second;
                  });
  const int64_t sum = sums.reduce(std::plus<>());
  const int64_t expected = int64_t{tasks} * (tasks - 1) / 2;
  std::cout << "drill: the sum is " << sum << ", " << (sum == expected ? "as it must be" : "WRONG") << '\n';
  return sum == expected ? 0 : 1;
}
