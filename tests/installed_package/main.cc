// Cerium. Licensed under the Apache License 2.0.
// A user's program, compiled against the installed package: prints the most frequent word of a file.
#include <cerium/cerium.h>

#include <iostream>

int main(int, char** argv) {
  cerium::Context sc(cerium::Conf().setAppName("installed package"));
  auto counts = sc.textFile(argv[1])
                    .flatMap([](const std::string& line) { return cerium::words(line); })
                    .map([](std::string word) { return std::pair(std::move(word), 1L); })
                    .reduceByKey(std::plus<>());
  for (const auto& [word, n] : counts.top(1, cerium::byValue())) std::cout << word << ' ' << n << '\n';
}
