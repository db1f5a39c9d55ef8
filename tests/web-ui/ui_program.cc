// Cerium. Licensed under the Apache License 2.0.
// A program for the tests of the web pages: a cached RDD, two jobs over one shuffle, a skewed stage, a job that fails,
// a job that is cancelled, hostile names. With an argument it stays until that many seconds are over.
#include <cerium/cerium.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

int slowWhenLarge(int x) {
  if (x % 1000 == 999) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return x;
}
int failAt(int x) {
  if (x == 77) throw std::out_of_range("record 77 <img src=x onerror=alert(1)> is \"bad\"");
  return x;
}

}  // namespace

int main(int argc, char** argv) {
  cerium::Context sc(cerium::Conf().setAppName("web pages <b>&\"test\""));
  std::printf("%s\n%s\n", sc.uiWebUrl().c_str(), sc.applicationId().c_str());
  std::fflush(stdout);

  sc.setJobGroup("load", "counts <script>alert(1)</script>");
  auto numbers = sc.parallelize(std::vector<int>(20'000, 1), 8).map(slowWhenLarge).setName("numbers").cache();
  numbers.count();
  auto pairs = numbers.map([](int x) { return std::pair(x % 7, x); });
  auto sums = pairs.reduceByKey(std::plus<>(), 4);
  sums.collect();
  sums.count();

  sc.setJobGroup("skew", "one key has most records");
  auto skewed = sc.parallelize(std::vector<int>(100'000, 3), 6).map([](int x) { return std::pair(x, 1L); });
  skewed.groupByKey(5).mapValues([](const auto& all) { return all.size(); }).collect();

  sc.setJobGroup("fail", "");
  try {
    sc.parallelize(std::vector<int>{1, 77, 3}, 3).map(failAt).count();
  } catch (const std::exception&) {
  }
  if (argc > 1) std::this_thread::sleep_for(std::chrono::seconds(std::atoi(argv[1])));
  return 0;
}
