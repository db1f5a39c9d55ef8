// Cerium. Licensed under the Apache License 2.0.
// Every place where the engine calls the program's code, with every kind of thrown object: the job fails with its type
// and text, and the processes go on.
#include <chrono>
#include <exception>
#include <stdexcept>
#include <thread>

#include "base/util/exception_text.h"
#include "tests/support/each_master.h"

namespace cerium {

using Catch::Contains;
using testing::testConf;

namespace {

enum class Thrown { kException, kNumber, kObject, kText, kSilent, kNested, kLarge };
constexpr Thrown kAll[] = {Thrown::kException, Thrown::kNumber, Thrown::kObject, Thrown::kText,
                           Thrown::kSilent,    Thrown::kNested, Thrown::kLarge};

class Deliberate : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
struct Oddity {};
class Silent : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return nullptr; }
};

[[noreturn]] void toss(Thrown how) {
  switch (how) {
    case Thrown::kNumber:
      throw 42;
    case Thrown::kObject:
      throw Oddity();
    case Thrown::kText:
      throw "a deliberate text";
    case Thrown::kSilent:
      throw Silent();
    case Thrown::kNested:
      try {
        throw Deliberate("the inner one");
      } catch (...) {
        std::throw_with_nested(Deliberate("the outer one"));
      }
    case Thrown::kLarge:
      throw Deliberate(std::string(size_t{1} << 20, 'x'));
    case Thrown::kException:
      break;
  }
  throw Deliberate("a deliberate exception");
}

void checkTold(Thrown how, const std::string& type, const std::string& message) {
  switch (how) {
    case Thrown::kNumber:
      CHECK(type == "int");
      break;
    case Thrown::kObject:
      CHECK_THAT(type, Contains("Oddity"));
      break;
    case Thrown::kText:
      CHECK(type == "const char*");
      CHECK_THAT(message, Contains("a deliberate text"));
      break;
    case Thrown::kSilent:
      CHECK_THAT(type, Contains("Silent"));
      break;
    case Thrown::kNested:
      CHECK_THAT(type, Contains("Deliberate"));
      CHECK_THAT(message, Contains("the outer one") && Contains("the inner one"));
      break;
    case Thrown::kLarge:
      CHECK(message.size() > 60'000);
      CHECK(message.size() < 70'000);
      break;
    case Thrown::kException:
      CHECK_THAT(type, Contains("Deliberate"));
      CHECK_THAT(message, Contains("a deliberate exception"));
      break;
  }
}

/// The operation in which a Mine throws.
enum class At { kNever, kSave, kLoad, kHash, kEqual, kLess };

/// A value that travels, is a key, and throws in one of its operations.
struct Mine {
  At at = At::kNever;
  Thrown how = Thrown::kException;
  int number = 0;
  std::string makes_it_no_plain_bytes;

  void goOffAt(At place) const {
    if (at == place) toss(how);
  }
  template <class Archive>
  void save(Archive& archive) const {
    goOffAt(At::kSave);
    archive(at, how, number, makes_it_no_plain_bytes);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(at, how, number, makes_it_no_plain_bytes);
    goOffAt(At::kLoad);
  }
  friend bool operator==(const Mine& a, const Mine& b) {
    a.goOffAt(At::kEqual);
    return a.number == b.number;
  }
  friend bool operator<(const Mine& a, const Mine& b) {
    a.goOffAt(At::kLess);
    return a.number < b.number;
  }
};

/// A function that encodes itself.
struct MinedFunction {
  Mine mine;
  int64_t operator()(int64_t x) const { return x; }
  int64_t operator()(int64_t x, int64_t y) const { return x + y; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(mine);
  }
};

struct MinedPartitioner {
  Thrown how;
  [[nodiscard]] int numPartitions() const { return 2; }
  [[nodiscard]] int getPartition(const int64_t& key) const {
    if (key == 3) toss(how);
    return static_cast<int>(key % 2);
  }
};

/// A range whose iterator throws.
struct MinedRange {
  struct iterator {
    using value_type = int64_t;
    using difference_type = std::ptrdiff_t;
    using reference = int64_t;
    using pointer = const int64_t*;
    using iterator_category = std::input_iterator_tag;
    Thrown how;
    int64_t at;
    int64_t operator*() const { return at; }
    iterator& operator++() {
      if (at == 2) toss(how);
      ++at;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, const iterator& b) { return a.at == b.at; }
  };
  Thrown how;
  [[nodiscard]] iterator begin() const { return {how, 0}; }
  [[nodiscard]] iterator end() const { return {how, 9}; }
};

struct MinedDestructor {
  Thrown how;
  ~MinedDestructor() noexcept(false) { toss(how); }
};

}  // namespace
}  // namespace cerium

template <>
struct std::hash<cerium::Mine> {
  size_t operator()(const cerium::Mine& mine) const {
    mine.goOffAt(cerium::At::kHash);
    return static_cast<size_t>(mine.number);
  }
};

namespace cerium {
namespace {

/// The driver's process and executors run the same code; some operations happen in the driver only.
bool inTask() { return TaskContext::get() != nullptr; }

RDD<int64_t> fourNumbers(Context& sc) { return sc.range(0, 4, 1, 2); }
RDD<Mine> mines(RDD<int64_t> numbers, At at, Thrown how) {
  return numbers.map([at, how](int64_t x) { return Mine{at, how, static_cast<int>(x % 2), "m"}; });
}
RDD<Mine> mines(Context& sc, At at, Thrown how) { return mines(fourNumbers(sc), at, how); }
/// One partition on each of two executors with one core: a barrier stage runs all of its tasks at once.
RDD<Mine> minesOnBothExecutors(Context& sc, At at, Thrown how) {
  return mines(fourNumbers(sc).barrier().mapPartitions([](auto numbers) { return numbers; }), at, how);
}
auto keyedByMines(Context& sc, At at, Thrown how) {
  return mines(sc, at, how).map([](const Mine& mine) { return std::pair<Mine, int64_t>(mine, 1); });
}

enum class On { kEveryMaster, kProcesses };  // without encoding, on threads

struct Seam {
  const char* name;
  On on;
  void (*use)(Context&, Thrown);
};

const Seam kSeams[] = {
    {"a function of a record", On::kEveryMaster,
     [](Context& sc, Thrown how) {
       (void)fourNumbers(sc).map([how](int64_t x) { return x < 3 ? x : (toss(how), x); }).count();
     }},
    {"a destructor in a function", On::kEveryMaster,
     [](Context& sc, Thrown how) { fourNumbers(sc).foreach ([how](int64_t) { const MinedDestructor local{how}; }); }},
    {"a thread that a task has started", On::kEveryMaster,
     [](Context& sc, Thrown how) {
       fourNumbers(sc).foreach ([how](int64_t) { std::thread([how] { toss(how); }).join(); });
     }},
    {"a listener of a task's end", On::kEveryMaster,
     [](Context& sc, Thrown how) {
       fourNumbers(sc).foreach (
           [how](int64_t) { TaskContext::get()->addTaskCompletionListener([how] { toss(how); }); });
     }},
    {"an iterator of what mapPartitions returns", On::kEveryMaster,
     [](Context& sc, Thrown how) {
       (void)fourNumbers(sc).mapPartitions([how](auto) { return MinedRange{how}; }).count();
     }},
    {"an iterator of what flatMap returns", On::kEveryMaster,
     [](Context& sc, Thrown how) {
       (void)fourNumbers(sc).flatMap([how](int64_t) { return MinedRange{how}; }).count();
     }},
    {"a partitioner", On::kEveryMaster,
     [](Context& sc, Thrown how) {
       (void)fourNumbers(sc).map([](int64_t x) { return std::pair(x, x); }).partitionBy(MinedPartitioner{how}).count();
     }},
    {"the hash of a key", On::kEveryMaster,
     [](Context& sc, Thrown how) { (void)keyedByMines(sc, At::kHash, how).reduceByKey(std::plus<>(), 2).count(); }},
    {"the hash of a key that is not combined", On::kEveryMaster,
     [](Context& sc, Thrown how) { (void)keyedByMines(sc, At::kHash, how).groupByKey(2).count(); }},
    {"the equality of keys", On::kEveryMaster,
     [](Context& sc, Thrown how) { (void)keyedByMines(sc, At::kEqual, how).reduceByKey(std::plus<>(), 1).count(); }},
    {"the equality of keys on the reduce side", On::kEveryMaster,
     [](Context& sc, Thrown how) { (void)keyedByMines(sc, At::kEqual, how).groupByKey(1).count(); }},
    {"the equality of keys of a join", On::kEveryMaster,
     [](Context& sc, Thrown how) {
       auto pairs = keyedByMines(sc, At::kEqual, how);
       (void)pairs.join(pairs, 1).count();
     }},
    {"the order of keys", On::kEveryMaster,
     [](Context& sc, Thrown how) { (void)keyedByMines(sc, At::kLess, how).sortByKey().count(); }},
    {"the order of records that are taken", On::kEveryMaster,
     [](Context& sc, Thrown how) { (void)mines(sc, At::kLess, how).takeOrdered(2); }},
    {"the hash of a key in the driver", On::kEveryMaster,
     [](Context& sc, Thrown how) { (void)keyedByMines(sc, At::kHash, how).collectAsMap(); }},
    {"a function that the driver applies to results", On::kEveryMaster,
     [](Context& sc, Thrown how) {
       (void)fourNumbers(sc).reduce([how](int64_t a, int64_t b) { return inTask() ? a + b : (toss(how), a); });
     }},
    {"the operator of an accumulator in a task", On::kEveryMaster,
     [](Context& sc, Thrown how) {
       auto sum = sc.accumulator(
           int64_t{0}, [how](int64_t a, int64_t b) { return inTask() ? (toss(how), a) : a + b; }, "sum");
       fourNumbers(sc).foreach ([sum](int64_t x) { sum.add(x); });
     }},
    {"the operator of an accumulator in the driver", On::kEveryMaster,
     [](Context& sc, Thrown how) {
       auto sum = sc.accumulator(
           int64_t{0}, [how](int64_t a, int64_t b) { return inTask() ? a + b : (toss(how), a); }, "sum");
       fourNumbers(sc).foreach ([sum](int64_t x) { sum.add(x); });
     }},
    {"a result that cannot be saved", On::kEveryMaster,
     [](Context& sc, Thrown how) { (void)mines(sc, At::kSave, how).collect(); }},
    {"a cached record that cannot be saved", On::kEveryMaster,
     [](Context& sc, Thrown how) { (void)mines(sc, At::kSave, how).persist(DISK_ONLY).count(); }},
    {"a cached record that cannot be loaded", On::kEveryMaster,
     [](Context& sc, Thrown how) {
       auto cached = mines(sc, At::kLoad, how).persist(DISK_ONLY);
       (void)cached.count();
       (void)cached.map([](const Mine& mine) { return mine.number; }).count();
     }},
    {"a result that cannot be loaded", On::kProcesses,
     [](Context& sc, Thrown how) { (void)mines(sc, At::kLoad, how).collect(); }},
    {"a result that comes later and cannot be loaded", On::kProcesses,
     [](Context& sc, Thrown how) { (void)mines(sc, At::kLoad, how).collectAsync().get(); }},
    {"a record of the program's that cannot be saved", On::kProcesses,
     [](Context& sc, Thrown how) {
       (void)sc.parallelize({Mine{At::kSave, how, 0, ""}, Mine{At::kSave, how, 0, ""}}, 2).count();
     }},
    {"a record of the program's that cannot be loaded", On::kProcesses,
     [](Context& sc, Thrown how) {
       (void)sc.parallelize({Mine{At::kLoad, how, 0, ""}, Mine{At::kLoad, how, 0, ""}}, 2).count();
     }},
    {"a shuffled record that cannot be saved", On::kProcesses,
     [](Context& sc, Thrown how) { (void)mines(sc, At::kSave, how).repartition(4).count(); }},
    {"a shuffled record that cannot be loaded", On::kProcesses,
     [](Context& sc, Thrown how) { (void)minesOnBothExecutors(sc, At::kLoad, how).repartition(1).count(); }},
    {"a function that cannot be saved", On::kProcesses,
     [](Context& sc, Thrown how) {
       (void)fourNumbers(sc).map(MinedFunction{{At::kSave, how, 0, ""}}).count();
     }},
    {"a function that cannot be loaded", On::kProcesses,
     [](Context& sc, Thrown how) {
       (void)fourNumbers(sc).map(MinedFunction{{At::kLoad, how, 0, ""}}).count();
     }},
    {"a function of a map side that cannot be loaded", On::kProcesses,
     [](Context& sc, Thrown how) {
       (void)fourNumbers(sc)
           .map([](int64_t x) { return std::pair(x, x); })
           .reduceByKey(MinedFunction{{At::kLoad, how, 0, ""}}, 2)
           .count();
     }},
    {"a bound argument that cannot be saved", On::kProcesses,
     [](Context& sc, Thrown how) {
       (void)fourNumbers(sc).map([](int64_t x, const Mine&) { return x; }, Mine{At::kSave, how, 0, ""}).count();
     }},
    {"a bound argument that cannot be loaded", On::kProcesses,
     [](Context& sc, Thrown how) {
       (void)fourNumbers(sc).map([](int64_t x, const Mine&) { return x; }, Mine{At::kLoad, how, 0, ""}).count();
     }},
    {"a zero value that cannot be saved", On::kProcesses,
     [](Context& sc, Thrown how) {
       (void)fourNumbers(sc).aggregate(
           Mine{At::kSave, how, 0, ""}, [](Mine m, int64_t) { return m; }, [](Mine m, const Mine&) { return m; });
     }},
    {"a broadcast that cannot be saved", On::kProcesses,
     [](Context& sc, Thrown how) {
       auto shared = sc.broadcast(Mine{At::kSave, how, 0, ""});
       fourNumbers(sc).foreach ([shared](int64_t) { (void)shared.value(); });
     }},
    {"a broadcast that cannot be loaded", On::kProcesses,
     [](Context& sc, Thrown how) {
       auto shared = sc.broadcast(Mine{At::kLoad, how, 0, ""});
       fourNumbers(sc).foreach ([shared](int64_t) { (void)shared.value(); });
     }},
    {"a task's part of an accumulator that cannot be saved", On::kProcesses,
     [](Context& sc, Thrown how) {
       auto all = sc.collectionAccumulator<Mine>("all");
       fourNumbers(sc).foreach ([all, how](int64_t) { all.add(Mine{At::kSave, how, 0, ""}); });
     }},
    {"a task's part of an accumulator that cannot be loaded", On::kProcesses,
     [](Context& sc, Thrown how) {
       auto all = sc.collectionAccumulator<Mine>("all");
       fourNumbers(sc).foreach ([all, how](int64_t) { all.add(Mine{At::kLoad, how, 0, ""}); });
     }},
    {"the operator of an accumulator that cannot be saved", On::kProcesses,
     [](Context& sc, Thrown how) {
       auto sum = sc.accumulator(int64_t{0}, MinedFunction{{At::kSave, how, 0, ""}}, "sum");
       fourNumbers(sc).foreach ([sum](int64_t x) { sum.add(x); });
     }},
    {"the operator of an accumulator that cannot be loaded", On::kProcesses,
     [](Context& sc, Thrown how) {
       auto sum = sc.accumulator(int64_t{0}, MinedFunction{{At::kLoad, how, 0, ""}}, "sum");
       fourNumbers(sc).foreach ([sum](int64_t x) { sum.add(x); });
     }},
};

/// Waits for several executors, so that one reads what another makes.
void awaitExecutors(Context& sc, size_t wanted) {
  while (sc.statusTracker().getExecutorInfos().size() < wanted)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void everySeam(const std::string& master, On least) {
  Context sc(testConf(master));
  if (least == On::kProcesses) awaitExecutors(sc, 2);
  for (const Seam& seam : kSeams) {
    if (seam.on > least) continue;
    for (const Thrown how : kAll) {
      INFO("master " << master << ", " << seam.name << ", thrown " << static_cast<int>(how));
      try {
        seam.use(sc, how);
        FAIL_CHECK("the job did not fail");
      } catch (const JobFailed& failure) {
        checkTold(how, failure.exceptionType(), failure.message());
        CHECK_THAT(failure.callSite(), Contains("user_code_throws_test.cc:"));
        CHECK_FALSE(failure.host().empty());
      } catch (...) {
        FAIL_CHECK("it threw no JobFailed, but " << currentExceptionText().str());
      }
      CHECK(sc.range(0, 10, 1, 2).count() == 10);
    }
  }
}

}  // namespace

TEST_CASE("an exception of the program's code fails the job and nothing else, on threads", "[rdd]") {
  everySeam("local[2]", On::kEveryMaster);
}

TEST_CASE("an exception of the program's code fails the job and nothing else, on processes", "[rdd]") {
  everySeam("local-cluster[2,1,512m]", On::kProcesses);
}

TEST_CASE("an executor whose decoding throws is not lost", "[rdd]") {
  Context sc(testConf("local-cluster[2,1,512m]"));
  awaitExecutors(sc, 2);
  const auto executors = [&] {
    std::vector<int64_t> ids;
    for (const auto& executor : sc.statusTracker().getExecutorInfos()) ids.push_back(executor.id);
    return ids;
  };
  const auto before = executors();
  CHECK_THROWS_AS(fourNumbers(sc).map(MinedFunction{{At::kLoad, Thrown::kNumber, 0, ""}}).count(), JobFailed);
  CHECK_THROWS_AS(mines(sc, At::kSave, Thrown::kNumber).repartition(4).count(), JobFailed);
  CHECK(executors() == before);
}

namespace {
/// Throws at every event.
struct LoudListener final : Listener {
  explicit LoudListener(Thrown what) : how(what) {}
  void onJobStart(const JobInfo&) override { toss(how); }
  void onTaskEnd(const TaskInfo&) override { toss(how); }
  void onJobEnd(const JobInfo&) override { toss(how); }
  Thrown how;
};
}  // namespace

TEST_CASE("an exception of a listener changes nothing", "[rdd]") {
  testing::onEachMaster([](Context& sc) {
    for (const Thrown how : kAll) sc.addListener(std::make_shared<LoudListener>(how));
    CHECK(sc.range(0, 10, 1, 2).count() == 10);
    CHECK(sc.range(0, 10, 1, 2).count() == 10);
  });
  Context sc(testConf("local[1]"));
  CHECK_THROWS_AS(sc.addListener(nullptr), InvalidArgument);
}

}  // namespace cerium
