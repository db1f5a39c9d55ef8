// Cerium. Licensed under the Apache License 2.0.
// Values beyond 2 GiB, whose size would be negative in an int, and values beyond the limit of a message or of the
// driver: they arrive whole, or the error names the size, the limit and the way out.
#include <catch2/catch.hpp>

#include "tests/support/processes.h"
#include "tests/support/stderr_file.h"

namespace cerium {
namespace {

using namespace testing;

constexpr size_t kBlock = size_t{1} << 20;
constexpr int kBeyond = 2'100;  // blocks: more than 2^31 bytes

/// Encodes to `blocks` megabytes and takes almost no memory itself.
struct Wide {
  int32_t blocks = 0;
  bool is_intact = true;
  std::string text = {};  // makes it a type that is not bitwise, so that it is not copied as it lies in memory
  template <class Archive>
  void serialize(Archive& archive) {
    archive(blocks);
    std::string block;
    for (int32_t i = 0; i < blocks; ++i) {
      const std::string expected(kBlock, static_cast<char>('a' + i % 26));
      block = expected;
      archive(block);
      is_intact = is_intact && block == expected;
    }
  }
};

bool isWhole(const Wide& wide) { return wide.blocks == kBeyond && wide.is_intact; }

}  // namespace

TEST_CASE("a broadcast of more than 2 GiB arrives whole", "[cluster][large][.slow]") {
  TempFolder folder;
  Context sc(clusterConf("local-cluster[1,1,12g]", folder));
  auto wide = sc.broadcast(Wide{kBeyond});
  CHECK(sc.range(0, 1, 1, 1).map([wide](int64_t) { return isWhole(wide.value()) ? 1 : 0; }).sum() == 1);
}

TEST_CASE("a result of more than 2 GiB arrives whole, or is refused by its size", "[cluster][large][.slow]") {
  TempFolder folder;
  for (const std::string limit : {"1g", "0"}) {
    Context sc(clusterConf("local-cluster[1,1,12g]", folder).set("cerium.driver.maxResultSize", limit));
    auto wide = sc.range(0, 1, 1, 1).map([](int64_t) { return Wide{kBeyond}; });
    if (limit == "0") {
      const auto all = wide.collect();
      REQUIRE(all.size() == 1);
      CHECK(isWhole(all[0]));
    } else {
      CHECK_THROWS_WITH(wide.collect(), Catch::Contains("cerium.driver.maxResultSize") &&
                                            Catch::Contains("results of the job are 2202"));
    }
  }
}

TEST_CASE("a record of more than 2 GiB passes through a shuffle", "[cluster][large][.slow]") {
  TempFolder folder;
  Context sc(clusterConf("local-cluster[2,1,12g]", folder));
  const auto whole = sc.range(0, 1, 1, 1)
                         .map([](int64_t x) { return std::pair<int64_t, Wide>(x, Wide{kBeyond}); })
                         .partitionBy(HashPartitioner(2))
                         .map([](const std::pair<int64_t, Wide>& each) { return isWhole(each.second) ? 1 : 0; });
  CHECK(whole.sum() == 1);
}

TEST_CASE("captures that exceed a message are refused by their size, and large ones are warned of",
          "[cluster][large]") {
  TempFolder folder;
  const StderrFile log(folder / "stderr");
  Context sc(clusterConf("local-cluster[2,1,512m]", folder).set("cerium.logLevel", "WARN"));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  const auto sizesOf = [&](const Wide& wide) {
    return sc.range(0, 2, 1, 2).map([](int64_t, const Wide& captured) { return captured.blocks; }, wide).sum();
  };
  CHECK(sizesOf(Wide{3}) == 6);
  CHECK(log.says("are 3145"));
  CHECK(log.says("capture a broadcast of what is large"));
  CHECK_THROWS_WITH(sizesOf(Wide{1'030}),
                    Catch::Contains("what they capture are 1080") && Catch::Contains("capture a broadcast"));
  CHECK(sizesOf(Wide{1}) == 2);
  CHECK(recorder->removed().empty());
}

TEST_CASE("records that the driver holds go out in as many messages as they need", "[cluster][large]") {
  TempFolder folder;
  Context sc(clusterConf("local-cluster[1,8,4g]", folder));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  // The eight partitions are launched together, and one message could not hold them.
  const std::vector<Wide> eight(8, Wide{130});
  CHECK(sc.parallelize(eight, 8).map([](const Wide& wide) { return wide.is_intact ? wide.blocks : 0; }).sum() == 1'040);
  CHECK_THROWS_WITH(sc.parallelize(std::vector<Wide>{Wide{1'030}}, 1).count(),
                    Catch::Contains("the records of its partition that the driver holds are 1080") &&
                        Catch::Contains("more partitions"));
  CHECK(recorder->removed().empty());
}

TEST_CASE("additions to accumulators that exceed a message are refused by their size", "[cluster][large]") {
  TempFolder folder;
  Context sc(clusterConf("local-cluster[1,1,4g]", folder).set("cerium.task.maxFailures", "1"));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  auto all = sc.collectionAccumulator<Wide>("all");
  CHECK_THROWS_WITH(sc.range(0, 1, 1, 1).foreach ([all](int64_t) { all.add(Wide{1'030}); }),
                    Catch::Contains("adds to accumulators is 1080"));
  CHECK(recorder->removed().empty());
}

TEST_CASE("barrier messages that are too long are refused by their size", "[cluster][large]") {
  TempFolder folder;
  for (const std::string master : {"local[2]", "local-cluster[2,1,2g]"}) {
    INFO(master);
    Context sc(clusterConf(master, folder).set("cerium.task.maxFailures", "1"));
    auto recorder = std::make_shared<Recorder>();
    sc.addListener(recorder);
    const auto gathered = [&](size_t bytes) {
      return sc.range(0, 2, 1, 2)
          .barrier()
          .mapPartitions([bytes](auto&) {
            size_t all = 0;
            for (const auto& each : BarrierTaskContext::get().allGather(std::string(bytes, 'x'))) all += each.size();
            return std::vector<int64_t>{static_cast<int64_t>(all)};
          })
          .collect();
    };
    CHECK(gathered(kBlock) == std::vector<int64_t>(2, 2 * kBlock));
    CHECK_THROWS_WITH(gathered(size_t{600} << 20),
                      Catch::Contains("a message of 629145600 bytes") && Catch::Contains("one may be 268435456"));
    CHECK(recorder->removed().empty());
  }
}

}  // namespace cerium
