// Cerium. Licensed under the Apache License 2.0.
// Functions that hold more memory than their executor has: the task is stopped and named before the kernel ends the
// process. If the kernel is faster, the failure says so.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <optional>

#include "base/util/heap_meter.h"
#include "tests/support/processes.h"

namespace cerium {
namespace {

using namespace testing;
using Catch::Contains;

constexpr size_t kMiB = size_t{1} << 20;

bool isHeapCounted() { return heapCounters().allocated != nullptr; }

Conf smallConf(const TempFolder& folder) {
  return clusterConf("local-cluster[2,1,64m]", folder).set("cerium.task.maxFailures", "2");
}

template <class F>
std::optional<JobFailed> failureOf(F job) {
  try {
    job();
  } catch (const JobFailed& e) {
    return e;
  }
  return std::nullopt;
}

/// Keeps one mebibyte more for each record, in the function's own vector.
void hoards(Context& sc, int64_t mebibytes) {
  sc.range(0, 2 * mebibytes, 1, 2)
      .mapPartitions([](auto records) {
        std::vector<std::string> kept;
        while (records.hasNext()) kept.emplace_back(kMiB, static_cast<char>(records.next()));
        return std::vector<int64_t>{static_cast<int64_t>(kept.size())};
      })
      .count();
}

/// Allocates memory for one record at once.
[[gnu::noinline]] int64_t takesAtOnce(int64_t mebibytes) {
  std::vector<char> all(static_cast<size_t>(mebibytes) * kMiB, 'x');
  return all[static_cast<size_t>(mebibytes)];
}

}  // namespace

TEST_CASE("a task whose functions hold more than its executor may is stopped, and its executor lives",
          "[cluster][fault][memory]") {
  if (!isHeapCounted()) return;
  const TempFolder folder;
  Context sc(smallConf(folder));
  sc.range(0, 2, 1, 2).count();
  const auto executors = executorPids();
  const auto failure = failureOf([&] { hoards(sc, 1000); });
  REQUIRE(failure);
  CHECK_THAT(failure->what(), Contains("of memory that cannot be spilled") &&
                                  Contains("of the 144 MiB that it may use (cerium.executor.memory"));
  CHECK(executorPids() == executors);
  CHECK(sc.range(0, 1000, 1, 4).count() == 1000);
  hoards(sc, 40);  // a function within the limit is not stopped
}

TEST_CASE("the process of an executor stays near its limit whatever its functions take", "[cluster][fault][memory]") {
  if (!isHeapCounted()) return;
  const TempFolder folder;
  Context sc(smallConf(folder));
  const auto failure = failureOf([&] { sc.parallelize(std::vector<int64_t>{2000}, 1).map(takesAtOnce).count(); });
  REQUIRE(failure);
  CHECK_THAT(failure->what(), Contains("MiB of memory and went on, and the process") &&
                                  Contains("of the 144 MiB that it may use (cerium.executor.memory"));
  CHECK_THAT(failure->what(), Contains("takesAtOnce"));  // the stack
  CHECK(sc.range(0, 1000, 1, 4).count() == 1000);
}

TEST_CASE("cerium.executor.memoryOverhead is for functions that hold much", "[cluster][memory]") {
  const TempFolder folder;
  Context sc(smallConf(folder).set("cerium.executor.memoryOverhead", "1g"));
  CHECK(sc.parallelize(std::vector<int64_t>{300}, 1).map(takesAtOnce).collect() == std::vector<int64_t>{'x'});
}

namespace {

/// The peak memory of a process in MiB, without this large program itself.
size_t peakOf(pid_t pid) {
  std::istringstream status(contentsOf("/proc/" + std::to_string(pid) + "/status"));
  size_t peak = 0;
  size_t files = 0;
  for (std::string line; std::getline(status, line);) {
    const auto number = [&] { return std::stoul(line.substr(line.find_first_of("0123456789"))) >> 10; };
    if (line.starts_with("VmHWM:")) peak = number();
    if (line.starts_with("RssFile:")) files = number();
  }
  return peak - files;
}

using Pair = std::pair<int64_t, int64_t>;

RDD<Pair> pairsOf(Context& sc, int64_t n, int64_t keys) {
  return sc.range(0, n, 1, 2).map([](int64_t x, int64_t k) { return Pair(x * 7919 % k, x); }, keys);
}

struct MemoryCase {
  const char* name;
  std::function<int64_t(Context&)> run;
  int64_t answer;
};

constexpr int64_t kMany = 5'000'000;  // 40 MB of numbers, 80 MB of pairs

int64_t cachedTwice(Context& sc, StorageLevel level) {
  auto cached = sc.range(0, kMany, 1, 1).map([](int64_t x) { return x + 1; }).persist(level);
  return cached.count() + cached.filter([](int64_t x) { return x > 0; }).count();
}

const MemoryCase kCases[] = {
    {"cache MEMORY_AND_DISK", [](Context& sc) { return cachedTwice(sc, MEMORY_AND_DISK); }, 2 * kMany},
    {"cache MEMORY_AND_DISK_SER", [](Context& sc) { return cachedTwice(sc, MEMORY_AND_DISK_SER); }, 2 * kMany},
    {"cache DISK_ONLY", [](Context& sc) { return cachedTwice(sc, DISK_ONLY); }, 2 * kMany},
    {"cache MEMORY_ONLY", [](Context& sc) { return cachedTwice(sc, MEMORY_ONLY); }, 2 * kMany},
    {"sortByKey", [](Context& sc) { return pairsOf(sc, kMany, 1 << 30).sortByKey().count(); }, kMany},
    {"groupByKey", [](Context& sc) { return pairsOf(sc, kMany, 1 << 20).groupByKey().count(); }, 1 << 20},
    {"reduceByKey", [](Context& sc) { return pairsOf(sc, kMany, kMany).reduceByKey(std::plus<>()).count(); }, kMany},
    {"join", [](Context& sc) { return pairsOf(sc, kMany, kMany).join(pairsOf(sc, 1 << 20, kMany)).count(); }, 1 << 20},
    {"join of one key", [](Context& sc) { return pairsOf(sc, 3000, 1).join(pairsOf(sc, 3000, 1)).count(); }, 9'000'000},
    {"distinct", [](Context& sc) { return pairsOf(sc, kMany, kMany).keys().distinct().count(); }, kMany},
    {"repartition", [](Context& sc) { return pairsOf(sc, kMany, 5).repartition(40).count(); }, kMany},
};

}  // namespace

TEST_CASE("an executor's process keeps to its memory, a quarter of it and 64 MiB, in every operator",
          "[cluster][memory]") {
  if (!isHeapCounted()) return;
  for (const MemoryCase& job : kCases) {
    const TempFolder folder;
    Context sc(clusterConf("local-cluster[1,2,32m]", folder));
    INFO(job.name);
    CHECK(job.run(sc) == job.answer);
    REQUIRE(executorPids().size() == 1);
    CHECK(peakOf(executorPids().front()) <= 32 + 8 + 64);
  }
}

namespace {

/// A memory control group of this test, below its own; null if the system does not allow one.
class MemoryGroup {
 public:
  static std::unique_ptr<MemoryGroup> make(size_t limit) {
    std::istringstream groups(contentsOf("/proc/self/cgroup"));
    for (std::string line; std::getline(groups, line);) {
      const size_t at = line.find(":memory:");
      if (at == line.npos) continue;
      auto group = std::make_unique<MemoryGroup>("/sys/fs/cgroup/memory" + line.substr(at + std::strlen(":memory:")) +
                                                 "/cerium-test-" + std::to_string(::getpid()));
      if (group->made_ && group->set("memory.limit_in_bytes", limit)) return group;
    }
    return nullptr;
  }
  explicit MemoryGroup(std::string path) : path_(std::move(path)), made_(::mkdir(path_.c_str(), 0755) == 0) {}
  ~MemoryGroup() {
    if (made_) eventually([this] { return ::rmdir(path_.c_str()) == 0; });
  }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  bool set(const std::string& file, size_t value) {
    return static_cast<bool>(std::ofstream(path_ + "/" + file) << value << std::flush);
  }
  const std::string path_;
  const bool made_;
};

constexpr const char* kGroupVariable = "CERIUM_TEST_MEMORY_GROUP";

}  // namespace

TEST_CASE("program in a memory control group", "[.]") {
  std::ofstream(std::string(std::getenv(kGroupVariable)) + "/cgroup.procs") << ::getpid() << std::flush;
  const TempFolder folder;
  // The control group allows less than the executors assume.
  Context sc(clusterConf("local-cluster[2,1,1g]", folder).set("cerium.task.maxFailures", "2"));
  const auto failure = failureOf([&] { sc.parallelize(std::vector<int64_t>{900}, 1).map(takesAtOnce).count(); });
  REQUIRE(failure);
  CHECK_THAT(failure->what(), Contains("killed by the memory limit of 300 MiB"));
  CHECK(sc.range(0, 1000, 1, 4).count() == 1000);
}

TEST_CASE("an executor that the kernel kills for want of memory is reported so", "[cluster][fault][memory]") {
  const auto group = MemoryGroup::make(300 * kMiB);
  if (group == nullptr) {
    WARN("this system lets the test make no memory control group of version 1, so the kernel's kill is not tried");
    return;
  }
  const TempFolder folder;
  DriverProgram program("program in a memory control group", folder, {kGroupVariable + ("=" + group->path())});
  const int status = program.wait(std::chrono::seconds(60));
  INFO(contentsOf(folder / "output"));
  CHECK(status == 0);
}

}  // namespace cerium
