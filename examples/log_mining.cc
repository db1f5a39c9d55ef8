// Cerium. Licensed under the Apache License 2.0.
// Interactive search in logs: the error lines are cached by the first query, and each query after it reads memory.
//   log_mining [LINES | PATH]     so many lines made up, or log files
#include <cerium/cerium.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

bool contains(const std::string& line, const std::string& word) { return line.find(word) != std::string::npos; }

/// Every tenth line is an ERROR; every third of them is mysql's, the others php's.
std::string madeUpLine(int64_t i) {
  const std::string head = "2017-01-01 12:00:00 request=" + std::to_string(i);
  if (i % 10 != 0) return head + " INFO served in 12 ms";
  return head + (i % 30 == 0 ? " ERROR mysql: connection lost" : " ERROR php: undefined variable");
}

int main(int argc, char** argv) {
  cerium::Context sc(cerium::Conf().setAppName("log mining"));
  char* end = nullptr;
  const int64_t made_up = argc > 1 ? std::strtoll(argv[1], &end, 10) : 300'000;
  const bool from_files = argc > 1 && *end != '\0';
  cerium::RDD<std::string> lines =
      from_files ? sc.textFile(argv[1]) : cerium::RDD<std::string>(sc.range(made_up).map(madeUpLine));

  auto errors = lines.filter(contains, std::string("ERROR")).cache();
  auto ask = [&](const std::string& word) {
    const auto begin = std::chrono::steady_clock::now();
    const int64_t n = errors.filter(contains, word).count();
    const std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - begin;
    std::cout << "errors with '" << word << "': " << n << " (" << ms.count() << " ms)\n";
    return n;
  };
  const int64_t all = ask("ERROR");
  const int64_t mysql = ask("mysql");
  const int64_t php = ask("php");
  for (const auto& line : errors.filter(contains, std::string("mysql")).take(3)) std::cout << line << '\n';

  if (from_files) return 0;
  return all == (made_up + 9) / 10 && mysql == (made_up + 29) / 30 && php == all - mysql ? 0 : 1;
}
