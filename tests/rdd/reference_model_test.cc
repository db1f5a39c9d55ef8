// Cerium. Licensed under the Apache License 2.0.
// Random programs of twenty operations, run on the engine and on the model (tests/support/reference_rdd.h). A failure
// names the seed and the program; CERIUM_TEST_SEED=N runs that program alone.
#include <cstdlib>
#include <random>

#include "tests/support/each_master.h"
#include "tests/support/reference_rdd.h"

namespace cerium {

using testing::ModelRecord;
using testing::ReferenceRdd;
using testing::sorted;
namespace model = testing::model;

namespace {

using Pairs = RDD<ModelRecord>;

/// A collection on both sides.
struct Both {
  Pairs rdd;
  ReferenceRdd reference;
};

/// Builds and checks one program. Later operations use the collections made so far.
class Program {
 public:
  Program(Context& sc, uint32_t seed) : sc_(sc), random_(seed) {
    for (int i = 0; i < 3; ++i) addSource();
  }

  /// Adds an operation on randomly chosen collections, and sometimes checks their contents.
  void step() {
    const size_t at = pick(made_.size());
    const Both from = made_[at];
    const Both other = made_[pick(made_.size())];
    text_ += fmtStep(at);
    Both result = apply(from, other);
    // Programs that double their data again and again would not end.
    if (result.reference.records().size() > 3000) return;
    if (pick(4) == 0) persist(result.rdd);
    if (pick(6) == 0) check(result);
    made_.push_back(std::move(result));
  }

  void checkAll() {
    for (const Both& each : made_) check(each);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  size_t pick(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  int partitions() { return static_cast<int>(1 + pick(6)); }
  std::string fmtStep(size_t at) { return " " + std::to_string(made_.size()) + "=" + std::to_string(at) + "."; }

  void addSource() {
    ReferenceRdd::Records records(pick(200));
    for (ModelRecord& r : records) r = {static_cast<int>(pick(20)), static_cast<int64_t>(pick(1000))};
    made_.push_back({sc_.parallelize(records, partitions()), ReferenceRdd(records)});
  }

  void persist(const Pairs& rdd) {
    constexpr StorageLevel kLevels[] = {MEMORY_ONLY, MEMORY_ONLY_SER, MEMORY_AND_DISK, DISK_ONLY};
    if (rdd.getStorageLevel() == NONE) rdd.persist(kLevels[pick(4)]);
  }

  Both apply(const Both& from, const Both& other) {
    switch (pick(3)) {
      case 0:
        return narrow(from, other);
      case 1:
        return keyed(from);
      default:
        return wide(from, other);
    }
  }

  Both narrow(const Both& from, const Both& other) {
    switch (pick(7)) {
      case 0:
        return named("map", from.rdd.map(&model::next), from.reference.map());
      case 1:
        return named("filter", from.rdd.filter(&model::keep), from.reference.filter());
      case 2:
        return named("flatMap", from.rdd.flatMap(&model::several), from.reference.flatMap());
      case 3:
        return named("mapValues", from.rdd.mapValues(&model::change), from.reference.mapValues());
      case 4:
        return named("union", from.rdd + other.rdd, from.reference.unionWith(other.reference));
      case 5:
        return named("coalesce", from.rdd.coalesce(partitions()), from.reference);
      default:
        return named("chain",
                     from.rdd.filter(&model::keep).map(&model::next).mapValues(&model::change).flatMap(&model::several),
                     from.reference.filter().map().mapValues().flatMap());
    }
  }

  Both keyed(const Both& from) {
    switch (pick(6)) {
      case 0:
        return named("reduceByKey", from.rdd.reduceByKey(&model::add, partitions()), from.reference.reduceByKey());
      case 1:
        return named("reduceByKey()", from.rdd.reduceByKey(&model::add), from.reference.reduceByKey());
      case 2:
        return named("groupByKey", from.rdd.groupByKey(partitions()).mapValues([](const std::vector<int64_t>& values) {
          return static_cast<int64_t>(values.size()) * 10'007 % 997 + *std::max_element(values.begin(), values.end());
        }),
                     from.reference.groupSizes());
      case 3:
        return named("sortByKey", from.rdd.sortByKey(pick(2) == 0, partitions()), from.reference);
      case 4:
        return named("partitionBy", from.rdd.partitionBy(HashPartitioner(partitions())), from.reference);
      default:
        return named("repartition", from.rdd.repartition(partitions()), from.reference);
    }
  }

  Both wide(const Both& from, const Both& other) {
    auto addBoth = [](const std::pair<int64_t, int64_t>& both) { return model::add(both.first, both.second); };
    switch (pick(5)) {
      case 0:
        return named("distinct", from.rdd.distinct(partitions()), from.reference.distinct());
      case 1:
        return named("join", from.rdd.join(other.rdd.reduceByKey(&model::add)).mapValues(addBoth),
                     from.reference.joinWith(other.reference));
      case 2:
        return named("join(n)", from.rdd.join(other.rdd.reduceByKey(&model::add), partitions()).mapValues(addBoth),
                     from.reference.joinWith(other.reference));
      case 3:
        return named("subtractByKey", from.rdd.subtractByKey(other.rdd), from.reference.subtractByKey(other.reference));
      default:
        return named("intersection", from.rdd.intersection(other.rdd, partitions()),
                     from.reference.intersection(other.reference));
    }
  }

  Both named(const char* operation, Pairs rdd, ReferenceRdd reference) {
    text_ += operation;
    return {std::move(rdd), std::move(reference)};
  }

  void check(const Both& each) {
    const auto expected = each.reference.sorted();
    CHECK(sorted(each.rdd.collect()) == expected);
    if (pick(2) == 0) CHECK(each.rdd.count() == static_cast<int64_t>(expected.size()));
    if (pick(4) == 0)
      CHECK(sorted(each.rdd.top(3)) ==
            sorted(std::vector(expected.end() - std::min<std::ptrdiff_t>(3, std::ssize(expected)), expected.end())));
    if (pick(4) == 0) CHECK(each.rdd.lookup(4).size() == countOf(expected, 4));
  }
  static size_t countOf(const std::vector<ModelRecord>& records, int key) {
    return static_cast<size_t>(
        std::count_if(records.begin(), records.end(), [key](const ModelRecord& r) { return r.first == key; }));
  }

  Context& sc_;
  std::mt19937 random_;
  std::vector<Both> made_;
  std::string text_;
};

void runPrograms(const std::string& master, uint32_t first_seed, uint32_t programs) {
  const char* wanted = std::getenv("CERIUM_TEST_SEED");
  if (wanted != nullptr) {
    first_seed = static_cast<uint32_t>(std::stoul(wanted));
    programs = 1;
  }
  Context sc(testing::testConf(master));
  for (uint32_t seed = first_seed; seed < first_seed + programs; ++seed) {
    Program program(sc, seed);
    try {
      for (int step = 0; step < 20; ++step) {
        INFO("CERIUM_TEST_SEED=" << seed << " on " << master << ":" << program.text());
        program.step();
      }
      INFO("CERIUM_TEST_SEED=" << seed << " on " << master << ":" << program.text());
      program.checkAll();
    } catch (const Error& error) {
      FAIL("CERIUM_TEST_SEED=" << seed << " on " << master << ":" << program.text() << ": " << error.what());
    }
  }
}

}  // namespace

TEST_CASE("random programs give what the model gives, on threads", "[rdd][model]") { runPrograms("local[2]", 1, 200); }

TEST_CASE("random programs give what the model gives, on processes", "[rdd][model]") {
  runPrograms("local-cluster[2,1,512m]", 10'001, 40);
}

TEST_CASE("many random programs give what the model gives", "[rdd][model][.slow]") {
  std::random_device device;
  const uint32_t seed = device();
  WARN("first seed " << seed);
  runPrograms("local[2]", seed, 3000);
  runPrograms("local-cluster[3,2,512m]", seed, 1000);
}

}  // namespace cerium
