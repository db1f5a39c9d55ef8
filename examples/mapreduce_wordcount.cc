// Cerium. Licensed under the Apache License 2.0.
// MapReduce's first example: how often each word occurs in two documents. Each partition adds its own words before the
// shuffle, so that at most one pair for each word leaves it.
#include <cerium/cerium.h>

#include <iostream>
#include <unordered_map>

int main() {
  cerium::Context sc(cerium::Conf().setAppName("MapReduce word count"));
  const std::vector<std::string> documents = {"the cat sat on the mat", "the dog sat on the mat"};

  auto counts = sc.parallelize(documents, 2)
                    .flatMap([](const std::string& document) { return cerium::words(document); })
                    .map([](std::string word) { return std::pair(std::move(word), 1); })
                    .reduceByKey(std::plus<>())
                    .collectAsMap();

  for (const auto& [word, n] : counts) std::cout << word << ' ' << n << '\n';
  const std::unordered_map<std::string, int> expected = {{"dog", 1}, {"cat", 1}, {"sat", 2},
                                                         {"on", 2},  {"mat", 2}, {"the", 4}};
  for (const auto& [word, n] : expected) {
    if (counts[word] != n) {
      std::cerr << "wrong: " << word << " occurs " << n << " times, not " << counts[word] << '\n';
      return 1;
    }
  }
  return counts.size() == expected.size() ? 0 : 1;
}
