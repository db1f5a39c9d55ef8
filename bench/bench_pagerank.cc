// Cerium. Licensed under the Apache License 2.0.
// pagerank: a million nodes, ten million edges, ten iterations, as in Spark's example: links are grouped and cached
// once; each iteration joins them with the ranks and sums by target. The baseline spreads nodes over as many parts as
// there are threads; each part has its links in an array and its sums in one of the engine's hash tables.
#include <memory>

#include "bench/bench.h"

namespace cerium::bench {
namespace {

using Edge = std::pair<int64_t, int64_t>;
using Rank = std::pair<int64_t, double>;
using Ranks = CombineTable<int64_t, double>;
constexpr int kIterations = 10;

int64_t nodesOf(const Options& options) { return options.scaled(1'000'000); }
int64_t edgesOf(const Options& options) { return 10 * nodesOf(options); }
/// Edge `i`: every node has links in and out, so that no rank is lost; small numbers are targets more often.
Edge edgeOf(int64_t i, int64_t nodes) {
  const int64_t source = i % nodes;
  if (i < nodes) return {source, (source + 1) % nodes};
  const double uniform = static_cast<double>(Hash<int64_t>()(i) >> 11) * 0x1p-53;
  return {source, static_cast<int64_t>(uniform * uniform * static_cast<double>(nodes))};
}

/// Sums over all ranks that depend on which rank belongs to which node.
struct Total {
  double sum = 0;
  double weighted = 0;
  void add(int64_t node, double rank) {
    sum += rank;
    weighted += rank * static_cast<double>(node % 1009);
  }
};

void engine(Context& sc, const Options& options, Recorder& recorder) {
  auto links = sc.range(edgesOf(options)).map(edgeOf, nodesOf(options)).groupByKey().cache();
  links.count();
  recorder.measure([&] {
    RDD<Rank> ranks = links.mapValues([](const std::vector<int64_t>&) { return 1.0; });
    for (int i = 0; i < kIterations; ++i) {
      ranks = links.join(ranks)
                  .values()
                  .flatMap([](const std::pair<std::vector<int64_t>, double>& page, auto emit) {
                    const double share = page.second / static_cast<double>(page.first.size());
                    for (int64_t target : page.first) emit(Rank(target, share));
                  })
                  .reduceByKey(std::plus<>())
                  .mapValues([](double sum) { return 0.15 + 0.85 * sum; });
    }
    const Total total = ranks.aggregate(
        Total(),
        [](Total t, const Rank& rank) {
          t.add(rank.first, rank.second);
          return t;
        },
        [](Total a, const Total& b) {
          return Total{a.sum + b.sum, a.weighted + b.weighted};
        });
    return Answer{{}, {total.sum, total.weighted}};
  });
}

/// The nodes of one part: node i links to targets[begins[i]] .. targets[begins[i + 1] - 1].
struct Part {
  std::vector<int64_t> nodes;
  std::vector<size_t> begins = {0};
  std::vector<int64_t> targets;
};

size_t partOf(int64_t node, size_t parts) { return (Ranks::hashOf(node) >> 32) * parts >> 32; }

std::vector<Part> linksOf(const Options& options, size_t n) {
  std::vector<Part> parts(n);
  const int64_t nodes = nodesOf(options);
  for (int64_t node = 0; node < nodes; ++node) {
    Part& part = parts[partOf(node, n)];
    part.nodes.push_back(node);
    for (int64_t i = node; i < edgesOf(options); i += nodes) part.targets.push_back(edgeOf(i, nodes).second);
    part.begins.push_back(part.targets.size());
  }
  return parts;
}

/// Adds each node's share to its targets, in one table for each part.
void sendShares(const Part& part, Ranks& ranks, std::vector<std::unique_ptr<Ranks>>& sums) {
  for (size_t i = 0; i < part.nodes.size(); ++i) {
    const double* rank = ranks.find(part.nodes[i], Ranks::hashOf(part.nodes[i]));
    const double share = (rank != nullptr ? *rank : 0) / static_cast<double>(part.begins[i + 1] - part.begins[i]);
    for (size_t at = part.begins[i]; at < part.begins[i + 1]; ++at) {
      const uint64_t hash = Ranks::hashOf(part.targets[at]);
      sums[(hash >> 32) * sums.size() >> 32]->upsert(
          part.targets[at], hash, [&] { return share; }, [&](double& sum) { sum += share; });
    }
  }
}

void baseline(int threads, const Options& options, Recorder& recorder) {
  const auto n = static_cast<size_t>(threads);
  const std::vector<Part> parts = linksOf(options, n);
  recorder.measure([&] {
    std::vector<std::unique_ptr<Ranks>> ranks(n);
    onThreads(threads, [&](int t) {
      auto& mine = ranks[static_cast<size_t>(t)] = std::make_unique<Ranks>();
      for (int64_t node : parts[static_cast<size_t>(t)].nodes) {
        mine->upsert(
            node, Ranks::hashOf(node), [] { return 1.0; }, [](double&) {});
      }
    });
    for (int i = 0; i < kIterations; ++i) {
      std::vector<std::vector<std::unique_ptr<Ranks>>> sums(n);
      onThreads(threads, [&](int t) {
        auto& mine = sums[static_cast<size_t>(t)];
        for (size_t p = 0; p < n; ++p) mine.push_back(std::make_unique<Ranks>());
        sendShares(parts[static_cast<size_t>(t)], *ranks[static_cast<size_t>(t)], mine);
      });
      onThreads(threads, [&](int t) {
        auto merged = std::move(sums[0][static_cast<size_t>(t)]);
        for (size_t from = 1; from < n; ++from) {
          sums[from][static_cast<size_t>(t)]->forEach([&](Ranks::Entry& entry) {
            merged->upsert(
                entry.key, Ranks::hashOf(entry), [&] { return entry.value; }, [&](double& sum) { sum += entry.value; });
          });
        }
        merged->forEach([](Ranks::Entry& entry) { entry.value = 0.15 + 0.85 * entry.value; });
        ranks[static_cast<size_t>(t)] = std::move(merged);
      });
    }
    Total total;
    for (auto& part : ranks) part->forEach([&](Ranks::Entry& entry) { total.add(entry.key, entry.value); });
    return Answer{{}, {total.sum, total.weighted}};
  });
}

}  // namespace
}  // namespace cerium::bench

int main(int argc, char** argv) {
  using namespace cerium::bench;
  const Options options = parseOptions(argc, argv);
  return compare({"pagerank", engine, baseline}, options);
}
