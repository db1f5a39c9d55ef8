// Cerium. Licensed under the Apache License 2.0.
// Visits of a web site, counted by user and by day, in three ways. The first two collect each user's visits in one
// place to count them; reduceByKey adds on each partition and moves only the sums.
#include <cerium/cerium.h>

#include <chrono>
#include <iostream>
#include <random>

using Time = std::chrono::sys_seconds;
using Visit = std::pair<std::string, Time>;  // a user and a time

std::vector<Visit> randomVisits(int count) {
  using namespace std::chrono;
  std::mt19937 random(7);
  std::vector<std::string> users(20, "xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx");
  for (auto& uuid : users) {
    for (char& c : uuid) c = c == 'x' ? "0123456789abcdef"[random() % 16] : c;
  }
  const Time begin = sys_days(2017y / January / 1);
  const Time end = sys_days(2017y / January / 7);
  std::vector<Visit> visits;
  for (int i = 0; i < count; ++i) {
    visits.emplace_back(users[random() % users.size()],
                        begin + seconds(random() % static_cast<uint32_t>((end - begin).count())));
  }
  return visits;
}

int main() {
  cerium::Context sc(cerium::Conf().setAppName("visits"));
  auto visits = sc.parallelize(randomVisits(10'000)).cache();
  auto user = [](const Visit& visit) { return visit.first; };
  auto shuffled = [&sc, before = int64_t{0}]() mutable {
    const int64_t now = sc.statusTracker().totals().shuffle_bytes_written;
    return now - std::exchange(before, now);
  };

  auto grouped = visits.groupBy(user)
                     .map([](const auto& group) { return std::pair(group.first, group.second.size()); })
                     .collectAsMap();
  std::cout << "groupBy and map: " << shuffled() << " bytes shuffled\n";
  auto mapped = visits.groupBy(user).mapValues([](const auto& group) { return group.size(); }).collectAsMap();
  std::cout << "groupBy and mapValues: " << shuffled() << " bytes shuffled\n";
  auto reduced = visits.map([](const Visit& v) { return std::pair(v.first, size_t{1}); })
                     .reduceByKey(std::plus<>())
                     .collectAsMap();
  std::cout << "reduceByKey: " << shuffled() << " bytes shuffled\n";
  for (const auto& [name, n] : reduced) std::cout << name << ' ' << n << '\n';

  auto days = visits.map([](const Visit& v) { return std::pair(std::chrono::floor<std::chrono::days>(v.second), 1); })
                  .reduceByKey(std::plus<>())
                  .sortByKey()
                  .collect();
  for (const auto& [day, n] : days) {
    const std::chrono::year_month_day date(day);
    std::cout << int(date.year()) << "-0" << unsigned(date.month()) << "-0" << unsigned(date.day()) << ' ' << n << '\n';
  }
  return reduced == grouped && reduced == mapped && reduced.size() == 20 && days.size() == 6 ? 0 : 1;
}
