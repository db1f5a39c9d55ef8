// Cerium. Licensed under the Apache License 2.0.
// PageRank: a page is as important as the pages that link to it, each sharing its own rank among its links. The links
// are cached and partitioned once; each iteration's join then moves ranks, never links.
//   pagerank [FILE [ITERATIONS]]     FILE: a line "page page" for each link
#include <cerium/cerium.h>

#include <cmath>
#include <iostream>
#include <sstream>

using Link = std::pair<std::string, std::string>;

Link parseLink(const std::string& line) {
  Link link;
  std::istringstream(line) >> link.first >> link.second;
  return link;
}

int main(int argc, char** argv) {
  cerium::Context sc(cerium::Conf().setAppName("PageRank"));
  const int iterations = argc > 2 ? std::stoi(argv[2]) : 20;
  const std::vector<std::string> sample = {"home about", "about home", "home blog", "blog home",
                                           "shop home",  "home shop",  "blog about"};
  cerium::RDD<std::string> lines = argc > 1 ? sc.textFile(argv[1]) : sc.parallelize(sample);

  auto links = lines.map(parseLink).distinct().groupByKey().cache();
  cerium::RDD<std::pair<std::string, double>> ranks = links.mapValues([](const auto&) { return 1.0; });
  for (int i = 0; i < iterations; ++i) {
    ranks = links.join(ranks)
                .values()
                .flatMap([](const std::pair<std::vector<std::string>, double>& page, auto emit) {
                  const auto& [targets, rank] = page;
                  for (const auto& target : targets)
                    emit(std::pair(target, rank / static_cast<double>(targets.size())));
                })
                .reduceByKey(std::plus<>())
                .mapValues([](double sum) { return 0.15 + 0.85 * sum; });
  }

  for (const auto& [page, rank] : ranks.top(10, cerium::byValue())) std::cout << page << ' ' << rank << '\n';
  // If every page has links in and out, as in the sample, no rank is lost.
  if (argc > 1) return 0;
  const double sum = ranks.values().sum();
  std::cout << "sum " << sum << '\n';
  return std::abs(sum - 4) < 1e-9 ? 0 : 1;
}
