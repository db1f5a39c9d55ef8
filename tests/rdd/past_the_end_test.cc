// Cerium. Licensed under the Apache License 2.0.
// Reading past the last record is an error in every form of iteration. A FutureAction is not an iterator: it gives its
// result each time.
#include <string>
#include <vector>

#include "tests/support/each_master.h"
#include "tests/support/says.h"

namespace cerium {

using testing::numbers;
using testing::onEachMaster;
using testing::Says;
using testing::testConf;
using Ints = std::vector<int>;

TEST_CASE("the next record of a partition that has none is an error", "[rdd]") {
  onEachMaster([](Context& sc) {
    const auto none = Says("there is no next record", "mapPartitions", "past_the_end_test.cc:");
    auto empty = sc.parallelize(std::vector<std::string>(), 2);
    CHECK_THROWS_WITH(empty
                          .mapPartitionsWithIndex([](int, auto records) {
                            std::vector<std::string> out{records.next()};
                            return out;
                          })
                          .count(),
                      none);
    auto two = sc.parallelize(numbers(0, 2), 1);
    auto after = [&](auto function) { return two.mapPartitions(function); };
    CHECK_THROWS_WITH(after([](auto records) {
                        Ints out;
                        for (int i = 0; i < 3; ++i) out.push_back(records.next());
                        return out;
                      }).count(),
                      none);
    CHECK_THROWS_WITH(after([](auto records) { return Ints{*records.end()}; }).count(), none);
    CHECK_THROWS_WITH(after([](auto records) {
                        auto at = records.begin();
                        for (int i = 0; i < 3; ++i) ++at;
                        return Ints();
                      }).count(),
                      none);
    CHECK_THROWS_WITH(after([](auto records) {
                        auto at = records.begin();
                        ++at;
                        ++at;
                        return Ints{*at};
                      }).count(),
                      none);
    CHECK(after([](auto records) {
            Ints out;
            while (records.hasNext() && records.hasNext()) out.push_back(records.next());
            return out;
          }).collect() == numbers(0, 2));
  });
}

TEST_CASE("toLocalIterator ends with an error past its last record", "[rdd]") {
  onEachMaster([](Context& sc) {
    const auto none = Says("there is no next record");
    auto records = sc.parallelize(numbers(0, 3), 2).toLocalIterator();
    Ints seen;
    while (records.hasNext()) seen.push_back(records.next());
    CHECK(seen == numbers(0, 3));
    CHECK_THROWS_WITH(records.next(), none);
    CHECK_THROWS_WITH(records.next(), none);
    CHECK_FALSE(records.hasNext());
    auto empty = sc.parallelize(Ints(), 2).toLocalIterator();
    CHECK_THROWS_WITH(*empty.begin(), none);
    CHECK_THROWS_WITH(++empty.begin(), none);
    CHECK_THROWS_WITH(*empty.end(), none);
    CHECK_THROWS_AS(empty.next(), InvalidArgument);
  });
}

TEST_CASE("a future gives its result, or its failure, as often as it is asked", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 5), 2);
    auto all = rdd.collectAsync();
    auto copy = all;
    CHECK(all.get() == numbers(0, 5));
    CHECK(all.get() == numbers(0, 5));
    CHECK(copy.get() == numbers(0, 5));
    auto count = rdd.countAsync();
    CHECK(count.get() + count.get() == 10);
    auto each = rdd.foreachAsync([](int) {});
    each.get();
    each.get();
    auto failed = rdd.map([](int x) { return x == 3 ? throw std::out_of_range("three") : x; }).collectAsync();
    for (int i = 0; i < 2; ++i) {
      CHECK_THROWS_AS(failed.get(), JobFailed);
      CHECK_THROWS_WITH(failed.get(), Says("three"));
    }
  });
}

}  // namespace cerium
