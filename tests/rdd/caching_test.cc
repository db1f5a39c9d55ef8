// Cerium. Licensed under the Apache License 2.0.
// What persist, unpersist, checkpoint and localCheckpoint save; results stay the same. Accumulators count computations.
#include <atomic>
#include <optional>

#include "tests/support/each_master.h"
#include "tests/support/temp_folder.h"

namespace cerium {

using Catch::Contains;
using testing::numbers;
using testing::onEachMaster;
using Ints = std::vector<int>;

namespace {

/// 0 ... 99 in 4 partitions, each record counted in `calls` when it is computed.
auto counted(Context& sc, const Accumulator<int64_t>& calls) {
  return sc.parallelize(numbers(0, 100), 4).map([calls](int x) {
    calls += 1;
    return x + 1;
  });
}

constexpr StorageLevel kLevels[] = {MEMORY_ONLY,     MEMORY_ONLY_2,     MEMORY_ONLY_SER,     MEMORY_ONLY_SER_2,
                                    MEMORY_AND_DISK, MEMORY_AND_DISK_2, MEMORY_AND_DISK_SER, MEMORY_AND_DISK_SER_2,
                                    DISK_ONLY,       DISK_ONLY_2};

/// Counts its instances in the process.
struct Alive {
  static inline std::atomic<int> count{0};
  int value = 0;

  explicit Alive(int x = 0) : value(x) { ++count; }
  Alive(const Alive& other) : value(other.value) { ++count; }
  Alive& operator=(const Alive&) = default;
  ~Alive() { --count; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(value);
  }
};

/// The largest count over all processes that run tasks.
int alive(Context& sc) {
  return sc.range(0, 8, 1, 8).map([](int64_t) { return Alive::count.load(); }).max();
}

}  // namespace

TEST_CASE("each storage level keeps what was computed", "[rdd]") {
  onEachMaster([](Context& sc) {
    for (StorageLevel level : kLevels) {
      INFO("level " << toString(level));
      auto calls = sc.longAccumulator("calls");
      auto rdd = counted(sc, calls).persist(level);
      CHECK(rdd.getStorageLevel() == level);
      CHECK(rdd.collect() == numbers(1, 101));
      CHECK(rdd.collect() == numbers(1, 101));
      CHECK(rdd.count() == 100);
      CHECK(calls.value() == 100);

      auto texts = sc.parallelize(numbers(0, 40), 4)
                       .map([](int x) { return std::string(static_cast<size_t>(x), 'x'); })
                       .persist(level);
      CHECK(texts.count() == 40);
      CHECK(texts.collect()[39] == std::string(39, 'x'));
      CHECK(texts.filter([](const std::string& text) { return text.empty(); }).count() == 1);
      rdd.unpersist(true);
      texts.unpersist(true);
    }
  });
}

TEST_CASE("a chain that is cached under its own name is computed once", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto calls = sc.longAccumulator("calls");
    auto chain = counted(sc, calls);
    chain.cache();
    CHECK(chain.count() == 100);
    CHECK(chain.count() == 100);
    CHECK(calls.value() == 100);
    // RDDs built on it read the cache, narrow or not, from whichever handle.
    CHECK(chain.filter([](int x) { return x > 50; }).count() == 50);
    CHECK(chain.map([](int x) { return std::pair(x % 2, x); }).reduceByKey(std::plus<>(), 2).count() == 2);
    auto copy = chain;
    CHECK(copy.map([](int x) { return -x; }).reduce(std::plus<>()) == -5050);
    CHECK(chain.zip(chain).count() == 100);
    CHECK(calls.value() == 100);
  });
}

TEST_CASE("a chain that was built before its parent was cached reads the cache", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto calls = sc.longAccumulator("calls");
    auto parent = counted(sc, calls);
    auto derived = parent.filter([](int x) { return x % 2 == 0; }).map([](int x) { return x * 10; });
    parent.cache();
    CHECK(derived.count() == 50);
    CHECK(derived.first() == 20);
    CHECK(parent.count() == 100);
    CHECK(calls.value() == 100);
  });
}

TEST_CASE("only the partitions that a job needs are cached", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto calls = sc.longAccumulator("calls");
    auto rdd = counted(sc, calls).cache();
    CHECK(rdd.map([](int x) { return x; }).take(1) == Ints{1});
    CHECK(calls.value() == 25);
    CHECK(rdd.count() == 100);
    CHECK(calls.value() == 100);
  });
}

TEST_CASE("unpersist frees, and the next action computes again", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto calls = sc.longAccumulator("calls");
    auto rdd = counted(sc, calls).cache();
    CHECK(rdd.count() == 100);
    rdd.unpersist(true);
    CHECK(rdd.getStorageLevel() == NONE);
    CHECK(rdd.count() == 100);
    CHECK(rdd.count() == 100);
    CHECK(calls.value() == 300);
    rdd.persist(DISK_ONLY);
    CHECK(rdd.count() + rdd.count() == 200);
    CHECK(calls.value() == 400);
  });
}

TEST_CASE("cached partitions are dropped with the last handle of their RDD", "[rdd]") {
  onEachMaster([](Context& sc) {
    {
      std::optional<RDD<int>> derived;
      {
        auto cached = sc.parallelize(numbers(0, 100), 4).map([](int x) { return Alive(x); }).cache();
        CHECK(cached.count() == 100);
        derived = cached.map([](const Alive& each) { return each.value; });
      }
      CHECK(derived->collect() == numbers(0, 100));
      CHECK(alive(sc) > 0);  // the derived one reads the cache
    }
    for (int i = 0; i < 1000 && alive(sc) > 0; ++i) {  // the last task's thread may hold it for a moment
    }
    CHECK(alive(sc) == 0);
  });
}

TEST_CASE("a storage level cannot be changed before unpersist", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize({1, 2}, 2).cache();
    rdd.cache();
    CHECK_THROWS_AS(rdd.persist(DISK_ONLY), InvalidArgument);
    CHECK_THROWS_WITH(rdd.persist(DISK_ONLY), Contains("persist at caching_test.cc:") && Contains("MEMORY_ONLY") &&
                                                  Contains("DISK_ONLY") && Contains("unpersist"));
    rdd.unpersist();
    CHECK(rdd.persist(DISK_ONLY).getStorageLevel() == DISK_ONLY);
  });
}

TEST_CASE("shuffled, grouped and sorted RDDs can be cached", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto calls = sc.longAccumulator("calls");
    auto pairs = counted(sc, calls).map([](int x) { return std::pair(x % 7, x); });
    auto groups = pairs.groupByKey(3).cache();
    auto sums = groups.mapValues([calls](const Ints& values) {
      calls += 1000;
      return static_cast<int>(values.size());
    });
    sums.cache();
    CHECK(sums.count() == 7);
    CHECK(sums.values().reduce(std::plus<>()) == 100);
    CHECK(groups.count() == 7);
    CHECK(calls.value() == 100 + 7 * 1000);
  });
}

TEST_CASE("more cached data than memory: the rest is computed again, or read from disk", "[rdd]") {
  Context sc(testing::testConf("local-cluster[1,2,64m]"));
  for (StorageLevel level : {MEMORY_ONLY, MEMORY_ONLY_SER, MEMORY_AND_DISK, MEMORY_AND_DISK_SER}) {
    INFO("level " << toString(level));
    auto calls = sc.longAccumulator("calls");
    // 160 MB in 32 partitions.
    auto rdd = sc.range(0, 160, 1, 32).map([calls](int64_t x) {
      calls += 1;
      return std::string(1'000'000, static_cast<char>('a' + x % 26));
    });
    rdd.persist(level);
    auto sum = [](int64_t total, const std::string& text) {
      return total + static_cast<int64_t>(text.size()) + text.back();
    };
    const int64_t first = rdd.aggregate(int64_t{0}, sum, std::plus<>());
    CHECK(calls.value() == 160);
    CHECK(rdd.aggregate(int64_t{0}, sum, std::plus<>()) == first);
    if (usesDisk(level)) {
      CHECK(calls.value() == 160);
    } else {
      CHECK(calls.value() > 160);
    }
    rdd.unpersist(true);
  }
}

TEST_CASE("a checkpoint cuts the lineage and outlives its parents", "[rdd]") {
  testing::TempFolder folder;
  onEachMaster([&folder](Context& sc) {
    sc.setCheckpointDir(folder / sc.applicationId());
    auto calls = sc.longAccumulator("calls");
    RDD<std::pair<int, int>> rdd =
        counted(sc, calls).map([](int x) { return std::pair(x % 5, x); }).reduceByKey(std::plus<>(), 3);
    rdd.cache();
    rdd.checkpoint();
    CHECK_FALSE(rdd.isCheckpointed());
    CHECK_THAT(rdd.toDebugString(), Contains("parallelize"));
    CHECK(rdd.count() == 5);
    CHECK(rdd.isCheckpointed());
    CHECK(calls.value() == 100);
    CHECK_THAT(rdd.toDebugString(), !Contains("parallelize") && Contains("checkpoint"));
    rdd.unpersist(true);
    CHECK(testing::sorted(rdd.collect()) ==
          std::vector<std::pair<int, int>>{{0, 1050}, {1, 970}, {2, 990}, {3, 1010}, {4, 1030}});
    CHECK(rdd.mapValues([](int x) { return x; }).join(rdd).count() == 5);
    CHECK(rdd.partitioner() == Partitioner(HashPartitioner(3)));
    CHECK(calls.value() == 100);
  });
}

TEST_CASE("a checkpoint without a folder is refused at the call", "[rdd]") {
  onEachMaster(
      [](Context& sc) { CHECK_THROWS_WITH(sc.parallelize({1}, 1).checkpoint(), Contains("setCheckpointDir")); });
}

TEST_CASE("a local checkpoint cuts the lineage at the cached partitions", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto calls = sc.longAccumulator("calls");
    RDD<int> rdd = counted(sc, calls);
    rdd.localCheckpoint();
    CHECK(rdd.take(1) == Ints{1});
    CHECK(rdd.isCheckpointed());
    CHECK_THAT(rdd.toDebugString(), !Contains("parallelize"));
    CHECK(rdd.collect() == numbers(1, 101));
    CHECK(rdd.filter([](int x) { return x > 90; }).count() == 10);
    CHECK(calls.value() == 100);
  });
}

}  // namespace cerium
