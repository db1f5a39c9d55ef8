// Cerium. Licensed under the Apache License 2.0.
// A driver program of ten operations. The test `header_cost` measures what compiling it costs.
#include <cerium/cerium.h>

#include <iostream>

int main(int, char** argv) {
  cerium::Context sc(cerium::Conf().setAppName("ten operations"));
  auto counts = sc.textFile(argv[1])
                    .flatMap([](const std::string& line) { return cerium::words(line); })
                    .filter([](const std::string& word) { return word.size() > 3; })
                    .map([](std::string word) { return std::pair(std::move(word), int64_t{1}); })
                    .reduceByKey(std::plus<>());
  auto frequent = counts.filter([](const std::pair<std::string, int64_t>& each) { return each.second > 1; });
  auto weights = counts.mapValues([](int64_t n) { return static_cast<double>(n) / 2; });
  auto joined = frequent.join(weights).sortByKey();
  for (const auto& [word, both] : joined.take(10)) std::cout << word << ' ' << both.first + both.second << '\n';
}
