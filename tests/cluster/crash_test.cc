// Cerium. Licensed under the Apache License 2.0.
// Functions that crash or throw: the job fails with all details, and the driver and the next job are not affected.
#include <catch2/catch.hpp>
#include <cstring>
#include <future>
#include <optional>

#include "tests/support/processes.h"

namespace cerium {
namespace {

using namespace testing;

/// Two tries for each task, enough to see a second one.
Conf crashConf(const std::string& master, const TempFolder& folder) {
  return clusterConf(master, folder).set("cerium.task.maxFailures", "2");
}

[[gnu::noinline]] int64_t readsNothing(int64_t x) {
  volatile auto address = static_cast<uintptr_t>(x);  // volatile, so that the compiler does not know the address
  return *reinterpret_cast<volatile int64_t*>(address);
}
[[gnu::noinline]] int64_t recursesForever(int64_t x) {
  volatile char frame[4096];
  if (x < 0) return 0;  // never happens, but the compiler does not know
  frame[x & 4095] = 1;
  return recursesForever(x + 1) + frame[x & 4095];
}
[[gnu::noinline]] int64_t callsAbort(int64_t) { std::abort(); }

/// The failure of running `f` on the number 8 in one of four partitions.
template <class F>
std::optional<JobFailed> failureOf(Context& sc, F f) {
  try {
    sc.range(0, 16, 1, 4).map([f](int64_t x) { return x == 8 ? f(x) : x; }).count();
  } catch (const JobFailed& e) {
    return e;
  }
  return std::nullopt;
}

/// A record whose `serialize` throws for one value.
struct Touchy {
  int value = 0;
  std::string text;  // makes it a type that is not bitwise
  template <class Archive>
  void serialize(Archive& archive) {
    if (value == 13) throw std::runtime_error("thirteen cannot travel");
    archive(value, text);
  }
};

struct NotAnException {
  int code;
};

}  // namespace

TEST_CASE("a crash names signal, function, operation and place", "[cluster][fault]") {
  TempFolder folder;
  Context sc(crashConf("local-cluster[2,1,512m]", folder));
  const auto segv = failureOf(sc, [](int64_t x) { return readsNothing(x); });
  REQUIRE(segv);
  CHECK(segv->signal() == SIGSEGV);
  CHECK_THAT(segv->stack(), Catch::Contains("readsNothing") && Catch::Contains("crash_test.cc"));
  CHECK_THAT(segv->what(), Catch::Contains("signal 11") && Catch::Contains("readsNothing"));
  CHECK(segv->partition() == 2);
  CHECK(segv->attempts() == 2);
  CHECK_FALSE(segv->host().empty());
  CHECK_THAT(segv->callSite(), Catch::Contains("crash_test.cc"));

  const auto abort = failureOf(sc, [](int64_t x) { return callsAbort(x); });
  REQUIRE(abort);
  CHECK(abort->signal() == SIGABRT);
  CHECK_THAT(abort->stack(), Catch::Contains("callsAbort"));

  CHECK(sc.range(0, 100, 1, 4).count() == 100);
}

TEST_CASE("a stack overflow is reported like any crash", "[cluster][fault]") {
  TempFolder folder;
  Context sc(crashConf("local-cluster[1,1,512m]", folder));
  auto ended =
      std::async(std::launch::async, [&] { return failureOf(sc, [](int64_t x) { return recursesForever(x); }); });
  const bool in_time = ended.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  if (!in_time) sc.cancelAllJobs();
  const auto failure = ended.get();
  CHECK(in_time);
  REQUIRE(failure);
  CHECK(failure->signal() == SIGSEGV);
  CHECK_THAT(failure->stack(), Catch::Contains("recursesForever"));
}

TEST_CASE("a function that calls exit is named as what ended the executor", "[cluster][fault]") {
  TempFolder folder;
  Context sc(crashConf("local-cluster[2,1,512m]", folder));
  const auto failure = failureOf(sc, [](int64_t) -> int64_t { std::exit(3); });
  REQUIRE(failure);
  CHECK_THAT(failure->message(), Catch::Contains("exit(3)"));
  CHECK(failure->signal() == 0);
  CHECK(sc.range(0, 100, 1, 4).count() == 100);
}

TEST_CASE("a crash at the first try only does not fail the job", "[cluster][fault]") {
  TempFolder folder;
  Context sc(crashConf("local-cluster[2,1,512m]", folder));
  const auto sum = sc.range(0, 16, 1, 4)
                       .map([](int64_t x) {
                         if (x == 8 && TaskContext::get()->attemptNumber() == 0) std::abort();
                         return x;
                       })
                       .sum();
  CHECK(sum == 120);
}

TEST_CASE("a job goes on while another crashes one executor after the other", "[cluster][fault]") {
  TempFolder folder;
  Context sc(crashConf("local-cluster[2,2,512m]", folder).set("cerium.speculation", "false"));
  auto other = std::async(std::launch::async, [&sc] {
    return sc.range(0, 60, 1, 60)
        .map([](int64_t x) {
          ::usleep(50'000);
          return x;
        })
        .sum();
  });
  for (int again = 0; again < 3; ++again) {
    const auto failure = failureOf(sc, [](int64_t x) { return callsAbort(x); });
    REQUIRE(failure);
    CHECK(failure->attempts() == 2);
    CHECK(failure->partition() == 2);
  }
  CHECK(other.get() == 1770);  // of six executors that ended under it none was its own fault
}

TEST_CASE("an exception arrives with type, text, operation and place", "[cluster][fault]") {
  TempFolder folder;
  const std::string master = GENERATE(as<std::string>(), "local[2]", "local-cluster[2,1,512m]");
  INFO(master);
  Context sc(crashConf(master, folder));
  const auto failure = failureOf(sc, [](int64_t x) -> int64_t { throw std::out_of_range("no " + std::to_string(x)); });
  REQUIRE(failure);
  CHECK(failure->message() == "no 8");
  CHECK(failure->exceptionType() == "std::out_of_range");
  CHECK_THAT(failure->callSite(), Catch::Contains("map at ") && Catch::Contains("crash_test.cc"));
  CHECK(failure->partition() == 2);
  CHECK(failure->attempts() == (master == "local[2]" ? failure->attempts() : 2));
  CHECK(failure->signal() == 0);

  const auto number = failureOf(sc, [](int64_t) -> int64_t { throw 42; });
  REQUIRE(number);
  CHECK(number->exceptionType() == "int");
  const auto object = failureOf(sc, [](int64_t) -> int64_t { throw NotAnException{1}; });
  REQUIRE(object);
  CHECK_THAT(object->exceptionType(), Catch::Contains("NotAnException"));
  CHECK(sc.range(0, 100, 1, 4).count() == 100);
}

TEST_CASE("an exception with a text of megabytes is cut short", "[cluster][fault]") {
  TempFolder folder;
  const std::string master = GENERATE(as<std::string>(), "local[2]", "local-cluster[2,1,512m]");
  Context sc(crashConf(master, folder));
  const auto failure =
      failureOf(sc, [](int64_t) -> int64_t { throw std::runtime_error(std::string(10'000'000, 'm')); });
  REQUIRE(failure);
  CHECK(std::strlen(failure->what()) < 200'000);
  CHECK(failure->message().size() < 100'000);
  CHECK_THAT(failure->message(), Catch::StartsWith("mmmm") && Catch::Contains("10000000 bytes"));
}

TEST_CASE("a record that throws while it is encoded fails its job, not its executor", "[cluster][fault]") {
  TempFolder folder;
  Context sc(crashConf("local-cluster[2,1,512m]", folder));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  auto touchy = sc.range(0, 20, 1, 4).map([](int64_t x) { return Touchy{static_cast<int>(x), "t"}; });
  CHECK(touchy.count() == 20);
  CHECK_THROWS_WITH(touchy.collect(), Catch::Contains("thirteen cannot travel"));
  CHECK(sc.range(0, 100, 1, 4).count() == 100);
  CHECK(recorder->removed().empty());
}

}  // namespace cerium
