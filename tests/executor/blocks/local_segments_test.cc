// Cerium. Licensed under the Apache License 2.0.
// An executor that reads its own shuffle output, as local[N] does.
#include <catch2/catch.hpp>

#include "executor/executor.h"
#include "tests/support/damage.h"
#include "tests/support/fake_node.h"
#include "tests/support/fake_services.h"
#include "tests/support/temp_folder.h"

namespace cerium {
namespace {

/// A link for local mode that ignores reports.
class NoLink final : public ExecutorLink {
 public:
  void taskEnded(TaskReport) override {}
  void blockChanged(const BlockChange&) override {}
  std::optional<CachedBlock> fetchCached(RddId, int) override { return std::nullopt; }
  std::vector<std::string> barrier(TaskContext&, const std::string&) override { return {}; }
  std::string addedFile(const std::string& name) override { return name; }
};

/// The failure of reading all of `source`, or nothing.
std::optional<FetchFailed> failureOf(SegmentSource& source) {
  try {
    while (source.next()) {
    }
  } catch (const FetchFailed& e) {
    return e;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("an executor's own output that cannot be read is a failed fetch from the executor itself", "[executor]") {
  testing::TempFolder folder;
  const auto link = std::make_shared<NoLink>();
  Executor executor({ExecutorId(5), 1, size_t{1} << 20, {folder.path()}, {}, {}, false}, link);
  testing::FakeTask task(size_t{1} << 20);
  test::FakeLineage lineage;
  const auto shuffle = lineage.dependency(lineage.source(2), 1);
  const auto spilled = [&](int64_t value) {
    RecordBuffer<int64_t> records;
    for (int i = 0; i < 100; ++i) records.emplace_back(value + i);
    MapOutput output(1);
    output.add(0, {{}, spill(executor.spillSpace(), TypedBlock::of(std::move(records)).encoded().view())}, {800, 100});
    return output;
  };
  const auto read = [&] { return failureOf(*executor.openShuffle(task.context, shuffle->reducePartition(0))); };

  executor.shuffles().put(shuffle->id(), 0, spilled(0));
  const auto missing = read();
  REQUIRE(missing);
  CHECK(missing->map == 1);
  CHECK(missing->source == ExecutorId(5));

  executor.shuffles().put(shuffle->id(), 1, spilled(1000));
  CHECK_FALSE(read());
  testing::flipBitsIn(folder.path());
  const auto bad = read();
  REQUIRE(bad);
  CHECK(bad->map == 0);
  CHECK(bad->source == ExecutorId(5));
  CHECK_THAT(bad->what(), Catch::Contains("the disk is bad"));

  for (int map : {0, 1}) {
    executor.shuffles().put(shuffle->id(), map, spilled(map));
  }
  CHECK_FALSE(read());
}

}  // namespace cerium
