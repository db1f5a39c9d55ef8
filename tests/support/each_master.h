// Cerium. Licensed under the Apache License 2.0.
// Runs a test's body once on each kind of master. The contents of an RDD must not depend on where it is computed, so
// nearly every test of the API uses this; a body names the number of partitions if it matters.
#pragma once

#include <cerium/cerium.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

namespace cerium::testing {

inline constexpr const char* kOneThread = "local[1]";
inline constexpr const char* kThreads = "local[3]";
inline constexpr const char* kProcesses = "local-cluster[2,1,512m]";

/// Settings for a test: only errors on the terminal, no web pages, no event log.
inline Conf testConf(const std::string& master) {
  return Conf()
      .setMaster(master)
      .setAppName("test")
      .set("cerium.ui.enabled", "false")
      .set("cerium.eventLog.enabled", "false")
      .set("cerium.logLevel", "OFF");
}

/// Calls `body` with a Context on one thread, on several threads and on two executor processes, one after the other. A
/// failed assertion names the master.
inline void onEachMaster(const std::function<void(Context&)>& body) {
  for (const char* master : {kOneThread, kThreads, kProcesses}) {
    INFO("master " << master);
    Context sc(testConf(master));
    body(sc);
  }
}

/// The values sorted, for results whose order is not promised.
template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::sort(values.begin(), values.end(), KeyLess());
  return values;
}

/// first, first + 1, ... up to `end`, exclusive.
inline std::vector<int> numbers(int first, int end) {
  std::vector<int> all;
  for (int x = first; x < end; ++x) all.push_back(x);
  return all;
}

/// The number of records in each partition.
template <class Rdd>
std::vector<size_t> partitionSizes(const Rdd& rdd) {
  std::vector<size_t> sizes;
  for (const auto& part : rdd.glom().collect()) sizes.push_back(part.size());
  return sizes;
}

/// How many records shuffles write while `f` runs.
template <class F>
int64_t shuffledBy(Context& sc, F f) {
  const int64_t before = sc.statusTracker().totals().shuffle_records_written;
  f();
  return sc.statusTracker().totals().shuffle_records_written - before;
}

/// How many tasks the Context runs for `f`.
template <class F>
int tasksOf(Context& sc, F f) {
  const int before = sc.statusTracker().totals().completed_tasks;
  f();
  return sc.statusTracker().totals().completed_tasks - before;
}

}  // namespace cerium::testing
