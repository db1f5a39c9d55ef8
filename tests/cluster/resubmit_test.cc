// Cerium. Licensed under the Apache License 2.0.
// Jobs that are cancelled at any point and followed by the next one at once, a thousand times: cores become free,
// nothing is kept, and the answers are right.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <optional>
#include <random>

#include "tests/support/processes.h"

namespace cerium {
namespace {

using namespace testing;

constexpr int kRounds = 1'000;
constexpr int64_t kRows = 4'000;

size_t entriesOf(pid_t pid, const char* what) {
  const std::filesystem::path folder = "/proc/" + std::to_string(pid) + "/" + what;
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

/// The system resources that this process and its executors hold.
struct Held {
  static Held now() {
    Held held;
    held.pids = executorPids();
    held.pids.push_back(::getpid());
    for (pid_t pid : held.pids) {
      held.descriptors.push_back(entriesOf(pid, "fd"));
      held.threads.push_back(entriesOf(pid, "task"));
      held.bytes.push_back(residentBytes(pid));
    }
    return held;
  }
  /// Memory may grow a little, because allocators keep some; other resources may not.
  [[nodiscard]] bool isNoMoreThan(const Held& before) const {
    constexpr size_t kSlack = size_t{48} << 20;
    for (size_t i = 0; kMemoryTells && i < bytes.size() && i < before.bytes.size(); ++i) {
      if (bytes[i] > before.bytes[i] + kSlack) return false;
    }
    return pids == before.pids && descriptors == before.descriptors && threads == before.threads;
  }
  [[nodiscard]] std::string str() const {
    std::string text;
    for (size_t i = 0; i < pids.size(); ++i) {
      text += fmt::format("process {}: {} descriptors, {} threads, {} MB\n", pids[i], descriptors[i], threads[i],
                          bytes[i] >> 20);
    }
    return text;
  }

  std::vector<pid_t> pids;
  std::vector<size_t> descriptors;
  std::vector<size_t> threads;
  std::vector<size_t> bytes;
};

/// Jobs of every shape, each time with new RDDs, so that shuffles and blocks come and go too.
class Jobs {
 public:
  explicit Jobs(Context& sc)
      : sc_(sc), cached_(sc.range(0, kRows, 1, 8).map([](int64_t x) { return 2 * x; }).cache()) {}

  FutureAction<int64_t> start(int round) {
    auto rows = sc_.range(0, kRows, 1, 8);
    auto pairs = rows.map([](int64_t x) { return std::pair<int64_t, int64_t>(x, x); });
    switch (round % 6) {
      case 0:
        return rows.countAsync();
      case 1:
        return pairs.reduceByKey(std::plus<>(), 6).countAsync();
      case 2:
        return pairs.sortByKey().countAsync();
      case 3:
        return cached_.countAsync();
      case 4:
        return pairs.join(pairs, 4).countAsync();
      default:
        return throughBarrier(rows).countAsync();
    }
  }

 private:
  Context& sc_;
  RDD<int64_t> cached_;
};

/// Whether the job gave the right answer, or was cancelled in time.
bool isRight(FutureAction<int64_t>& job, int& cancelled) {
  try {
    return job.get() == kRows;
  } catch (const JobFailed& e) {
    ++cancelled;
    return std::string(e.what()).find("FutureAction::cancel was called") != std::string::npos;
  }
}

}  // namespace

TEST_CASE("a thousand jobs that are cancelled at random points, each followed by the next, leave nothing",
          "[cluster][fault][cancel]") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  TempFolder folder;
  Context sc(clusterConf("local-cluster[2,4,256m]", folder));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  REQUIRE(eventually([&] { return sc.statusTracker().getExecutorInfos().size() == 2; }));
  Jobs jobs(sc);
  int cancelled = 0;
  int wrong = 0;
  auto slowest = std::chrono::steady_clock::duration::zero();
  const auto isRightInTime = [&](FutureAction<int64_t>& job) {
    const auto since = std::chrono::steady_clock::now();
    const bool is_right = isRight(job, cancelled);
    slowest = std::max(slowest, std::chrono::steady_clock::now() - since);
    return is_right;
  };
  const auto cancelMany = [&](int rounds) {
    std::optional<FutureAction<int64_t>> before;
    for (int round = 0; round < rounds; ++round) {
      auto job = jobs.start(round);
      if (before && !isRightInTime(*before)) ++wrong;
      ::usleep(static_cast<useconds_t>(random() % (round % 2 == 0 ? 1'000 : 6'000)));
      job.cancel();
      before = std::move(job);
    }
    if (!isRightInTime(*before)) ++wrong;
    for (int kind = 0; kind < 6; ++kind) {
      auto job = jobs.start(kind);
      if (!isRightInTime(job)) ++wrong;
    }
  };
  cancelMany(100);  // from then on allocators and connections have what they need
  const Held before = Held::now();
  cancelMany(kRounds);
  CHECK(wrong == 0);
  // A core of a task that was never told to stop becomes free when the task's barrier has waited for 60 s.
  CHECK(slowest < std::chrono::seconds(30));
  CHECK(cancelled > kRounds / 20);  // others had ended before
  const bool is_flat = eventually([&] { return Held::now().isNoMoreThan(before); });
  INFO("before:\n" << before.str() << "after:\n" << Held::now().str());
  CHECK(is_flat);
  CHECK(recorder->removed().empty());
}

}  // namespace cerium
