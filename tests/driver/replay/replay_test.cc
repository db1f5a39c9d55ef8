// Cerium. Licensed under the Apache License 2.0.
// Recorded runs, simulated and real, give the same instructions again; a damaged record is refused.
#include "driver/replay/replay.h"

#include <set>

#include "base/util/hash.h"
#include "driver/engine.h"
#include "driver/replay/fields.h"
#include "rdd/io/text_files.h"
#include "tests/support/each_master.h"
#include "tests/support/simulation.h"
#include "tests/support/temp_folder.h"

namespace cerium {
namespace {

using replay::InputLog;
using replay::Replay;
using testing::testConf;

/// Of every field of the instructions.
uint64_t hashOf(const out::Instructions& instructions) {
  Bytes all;
  replay::FieldWriter(all).put(instructions);
  return hashBytes(all.data(), all.size());
}

/// The record of a simulated run, and the hashes of the instructions after each input.
struct Recorded {
  std::string log;
  std::vector<uint64_t> hashes;
};

Recorded recordSimulation(uint64_t seed) {
  const testing::TempFolder folder;
  Recorded recorded;
  const auto log = InputLog::toFile(folder / "inputs", test::Simulation::settingsOf(seed).options, "1.0");
  test::Simulation simulation(seed);
  simulation.on_event = [&](const in::Event& event, Millis now) { log->record(event, now); };
  simulation.on_instructions = [&](const out::Instructions& instructions) {
    log->gave(instructions);
    recorded.hashes.push_back(hashOf(instructions));
  };
  simulation.run();
  log->flush();
  recorded.log = io::readWholeFile(folder / "inputs");
  return recorded;
}

RDD<int> numbers(Context& sc, int count, int partitions) {
  return sc.parallelize(testing::numbers(0, count), partitions);
}

/// Reads a parent backwards, and two reduce partitions of a shuffle in each partition.
class RangesNode final : public RddNode {
 public:
  RangesNode() : RangesNode(std::make_shared<test::FakeNode>(RddId(0), 3, std::vector<Dependency>{})) {}
  explicit RangesNode(const NodePtr& parent)
      : RddNode(RddId(1), {}, 3,
                {{parent, nullptr}, {nullptr, std::make_shared<ShuffleDependency>(ShuffleId(4), parent, 6, nullptr)}}) {
  }
  void narrowParents(int p, std::vector<PartitionRef>& out) const override {
    out.push_back({dependencies()[0].narrow.get(), 2 - p});
  }
  [[nodiscard]] ShuffleRange shuffleInput(size_t, int p) const override {
    return {ShuffleId(4), 2 * p, 2 * p + 2, 0, 3, 6};
  }
  [[nodiscard]] std::vector<std::string> preferredHosts(int p) const override {
    return p == 1 ? std::vector<std::string>{"here", "there"} : std::vector<std::string>();
  }
  [[nodiscard]] EntryId entry() const override { return {}; }
  void encode(Writer&) const override {}
};

/// The number of inputs in the log; throws what the Replay throws.
int64_t replayAll(const std::string& log, const std::string& version = Context::version()) {
  Replay replay(log, version);
  while (replay.step()) {
  }
  return replay.inputs();
}

/// As the jobs of a program that caches, shuffles, unites, releases and fails.
void runJobs(Context& sc) {
  const auto cached = numbers(sc, 100, 4).map([](int x) { return std::pair(x % 10, x); }).cache();
  for (int job = 0; job < 3; ++job) {
    CHECK(cached.reduceByKey([](int a, int b) { return a + b; }).count() == 10);
    CHECK(cached.union_(cached).coalesce(3).count() == 200);
  }
  cached.unpersist();
  CHECK(cached.repartition(5).count() == 100);
  CHECK_THROWS_AS(cached.map([](const std::pair<int, int>&) -> int { throw std::runtime_error("no"); }).count(),
                  JobFailed);
}

}  // namespace

TEST_CASE("a simulated run that was recorded gives the same instructions again", "[driver][replay]") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    const Recorded recorded = recordSimulation(seed);
    Replay replay(recorded.log, "1.0");
    size_t different = 0;
    for (const uint64_t hash : recorded.hashes) {
      REQUIRE(replay.step());
      different += hashOf(replay.instructions()) == hash ? 0 : 1;
    }
    CHECK(different == 0);
    CHECK_FALSE(replay.step());
    CHECK(replay.scheduler().checkIdle().empty());
  }
}

TEST_CASE("the run of a program that was recorded gives the same instructions again", "[driver][replay]") {
  const testing::TempFolder folder;
  for (const char* master : {"local[2]", "local-cluster[2,1,256m]"}) {
    CAPTURE(master);
    const std::string path = folder / "inputs";
    auto conf = testConf(master);
    conf.set("cerium.scheduler.log", path);
    Context sc(conf);
    sc.setCheckpointDir(folder / "checkpoints");
    const auto kept = numbers(sc, 20, 2).map([](int x) { return x + 1; });
    kept.checkpoint();
    CHECK(kept.count() == 20);
    CHECK(kept.map([](int x) { return x; }).count() == 20);
    runJobs(sc);
    const auto last = kept.map([](int x) { return std::pair(x, x); }).reduceByKey([](int a, int b) { return a + b; });
    const auto shuffle = last.node()->dependencies().at(0).shuffle;
    REQUIRE(shuffle);
    CHECK(last.runner()->materialise(shuffle, {})->total().records == 20);
    sc.stop();
    CHECK(replayAll(io::readWholeFile(path)) > 20);
  }
}

TEST_CASE("lineage that is described and made again is asked the same by the scheduler", "[driver][replay]") {
  const NodePtr node = std::make_shared<RangesNode>();
  replay::LineageRecorder recorder;
  Bytes bytes;
  replay::FieldWriter(bytes).put(recorder.describe(node));
  replay::DescribedLineage lineage;
  lineage.apply(replay::FieldReader(bytes.view(), lineage).get<replay::LineageChange>());
  const RddNode& again = *lineage.find(node->id());
  CHECK(again.numPartitions() == 3);
  for (int p = 0; p < 3; ++p) {
    CHECK(again.shuffleInput(1, p) == node->shuffleInput(1, p));
    std::vector<PartitionRef> parents;
    again.narrowParents(p, parents);
    REQUIRE(parents.size() == 1);
    CHECK(parents[0].node->id() == RddId(0));
    CHECK(parents[0].partition == 2 - p);
    CHECK(again.preferredHosts(p) == node->preferredHosts(p));
  }
  CHECK(recorder.describe(node).added.empty());
  node->setStorageLevel(MEMORY_ONLY);
  const auto change = recorder.changes();
  REQUIRE(change);
  lineage.apply(*change);
  CHECK(again.storageLevel() == MEMORY_ONLY);
  CHECK_FALSE(recorder.changes());
}

TEST_CASE("after an internal error the message names the record, which replays", "[driver][replay]") {
  const testing::TempFolder folder;
  auto conf = testConf("local[2]");
  conf.set("cerium.log.dir", folder / "logs");
  Context sc(conf);
  const auto rdd = numbers(sc, 10, 2);
  CHECK(rdd.count() == 10);
  static_cast<Engine&>(*rdd.runner()).loop().post([] { throw std::logic_error("the books do not balance"); });
  const std::string path = folder / "logs/" + sc.applicationId() + ".inputs";
  CHECK_THROWS_WITH(rdd.count(),
                    Catch::Contains("the books do not balance") && Catch::Contains("cerium replay " + path));
  sc.stop();
  CHECK(replayAll(io::readWholeFile(path)) > 4);
}

TEST_CASE("a record in memory that becomes too large is given up and says so", "[driver][replay]") {
  const testing::TempFolder folder;
  const auto log = InputLog::inMemory(1 << 20, folder / "inputs", {}, "1.0");
  for (int64_t n = 0; n < 1'000'000; ++n) log->record(in::ShuffleReleased{ShuffleId(n)}, n);
  CHECK_THAT(log->save(), Catch::Contains("more than 1 MiB") && Catch::Contains("cerium.scheduler.log=FILE"));
  CHECK_FALSE(std::filesystem::exists(folder / "inputs"));
}

TEST_CASE("a run goes on when its record cannot be written", "[driver][replay]") {
  const testing::TempFolder folder;
  const auto log = InputLog::toFile("/dev/full", {}, "1.0");
  for (int64_t n = 0; n < 100; ++n) log->record(in::Tick{}, n);
  CHECK_THAT(log->save(), Catch::Contains("/dev/full") && Catch::Contains("No space left"));
  CHECK_THROWS_WITH(InputLog::toFile(folder / "no/such/folder", {}, "1.0"), Catch::Contains("cerium.scheduler.log"));
}

TEST_CASE("a record that is cut gives its inputs, then an error", "[driver][replay]") {
  const Recorded recorded = recordSimulation(3);
  std::set<std::string> errors;
  int64_t most = 0;
  for (size_t size = 0; size < recorded.log.size(); size += 1 + size / 100) {
    try {
      most = std::max(most, replayAll(recorded.log.substr(0, size), "1.0"));
    } catch (const CorruptData& e) {
      errors.insert(std::string(e.what()).substr(0, 40));
    }
  }
  CHECK(most < static_cast<int64_t>(recorded.hashes.size()));
  CHECK(errors.size() >= 2);
}

TEST_CASE("a record with a damaged byte is refused", "[driver][replay]") {
  const Recorded recorded = recordSimulation(3);
  size_t refused = 0;
  size_t tried = 0;
  for (size_t at = 0; at < recorded.log.size(); at += 1 + at / 100) {
    std::string damaged = recorded.log;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    ++tried;
    try {
      replayAll(damaged, "1.0");
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(refused == tried);
  CHECK_THROWS_WITH(replayAll("once upon a time", "1.0"), Catch::Contains("no record"));
  CHECK_THROWS_WITH(replayAll(recorded.log, "2.0"), Catch::Contains("recorded by Cerium 1.0"));
}

TEST_CASE("a scheduler that decides otherwise than recorded is found out", "[driver][replay]") {
  const testing::TempFolder folder;
  const auto log = InputLog::toFile(folder / "inputs", {}, "1.0");
  log->record(in::ExecutorAdded{.executor = ExecutorId(0), .host = "here", .cores = 1}, 5);
  log->gave({out::DropRdd{RddId(3)}});
  log->record(in::Tick{}, 10);
  log->flush();
  CHECK_THROWS_WITH(replayAll(io::readWholeFile(folder / "inputs"), "1.0"),
                    Catch::Contains("input 1 (ExecutorAdded)") && Catch::Contains("other instructions"));
}

}  // namespace cerium
