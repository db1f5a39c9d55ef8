// Cerium. Licensed under the Apache License 2.0.
// with(): values of any number and type, bound to the function of any operation.
#include <catch2/catch.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/support/each_master.h"

namespace cerium {
namespace {

using WordList = std::vector<std::string>;
using Counts = std::unordered_map<std::string, int64_t>;

RDD<std::string> words(Context& sc) {
  return sc.parallelize(WordList{"ash", "birch", "ash", "cedar", "ash", "birch"}, 3);
}
RDD<std::pair<std::string, int64_t>> ones(Context& sc) {
  return words(sc).map([](const std::string& word) { return std::pair(word, int64_t{1}); });
}

const std::string kAsh = "ash";
const WordList kKnown = {"ash", "cedar"};

}  // namespace

TEST_CASE("any number of values is bound to the functions of narrow operations", "[rdd][closure]") {
  testing::onEachMaster([](Context& sc) {
    const auto joined = words(sc).map(with(
        [](const std::string& word, const std::string& a, int b, const WordList& c, double d, bool e) {
          return word + a + std::to_string(b) + c.at(1) + std::to_string(static_cast<int>(d)) + (e ? "!" : "?");
        },
        kAsh, 1, kKnown, 2.0, true));
    CHECK(joined.first() == "ashash1cedar2!");
    CHECK(
        words(sc).filter(with([](const std::string& word, const std::string& w) { return word == w; }, kAsh)).count() ==
        3);
    CHECK(words(sc)
              .mapPartitions(with(
                  [](auto records, const WordList& w) {
                    int64_t n = 0;
                    while (records.hasNext()) n += records.next() == w.front();
                    return std::vector<int64_t>{n};
                  },
                  kKnown))
              .sum() == 3);
  });
}

TEST_CASE("values are bound to each function of an aggregation", "[rdd][closure]") {
  testing::onEachMaster([](Context& sc) {
    const Counts aggregated =
        ones(sc)
            .aggregateByKey(int64_t{0}, with([](int64_t n, int64_t x, int64_t by) { return n + by * x; }, 10),
                            with([](int64_t a, int64_t b, int64_t more) { return a + b + more; }, 0))
            .collectAsMap();
    CHECK(Counts(aggregated) == Counts{{"ash", 30}, {"birch", 20}, {"cedar", 10}});
    const auto longest = words(sc).aggregate(
        std::string(),
        with([](const std::string& a, const std::string& b,
                const WordList& not_these) { return b.size() > a.size() && b != not_these.at(1) ? b : a; },
             WordList{"", "cedar"}),
        [](const std::string& a, const std::string& b) { return b.size() > a.size() ? b : a; });
    CHECK(longest == "birch");
  });
}

TEST_CASE("values are bound to functions that make keys and to those of actions", "[rdd][closure]") {
  testing::onEachMaster([](Context& sc) {
    const auto by =
        with([](const std::string& word, const std::string& first) { return word == first ? 0 : 1; }, "cedar");
    CHECK(words(sc).sortBy(by).first() == "cedar");
    CHECK(words(sc).groupBy(by).count() == 2);
    auto seen = sc.longAccumulator("seen");
    words(sc).foreach (with([seen](const std::string& word, const std::string& w) { seen += word == w; }, kAsh));
    CHECK(seen.value() == 3);
  });
}

}  // namespace cerium
