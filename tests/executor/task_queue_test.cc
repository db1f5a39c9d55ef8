// Cerium. Licensed under the Apache License 2.0.
#include "executor/task_queue.h"

#include <catch2/catch.hpp>
#include <set>

namespace cerium {
namespace {

StageCodePtr stage(int64_t id) {
  auto code = std::make_shared<StageCode>();
  code->id = StageId(id);
  return code;
}

/// Tasks of partitions [first, end); the id of a task is its partition.
std::vector<TaskLaunch> tasks(const StageCodePtr& stage, int first, int end, int stage_attempt = 0) {
  std::vector<TaskLaunch> all;
  for (int p = first; p < end; ++p) all.push_back({TaskId(p), stage, stage_attempt, p, 0, {}});
  return all;
}

std::vector<int> takeAll(TaskQueue& queue, int thread) {
  std::vector<int> partitions;
  while (!queue.empty()) partitions.push_back(queue.take(thread).task.partition);
  return partitions;
}

}  // namespace

TEST_CASE("threads get equal runs of neighbouring partitions", "[executor]") {
  TaskQueue queue(2);
  queue.add(tasks(stage(0), 0, 6));
  const auto a = queue.take(0);
  const auto b = queue.take(1);
  CHECK(a.task.partition == 0);
  CHECK(a.following == 2);
  CHECK(b.task.partition == 3);
  CHECK(b.following == 1);
  CHECK(queue.take(0).task.partition == 1);
  CHECK(queue.take(1).task.partition == 4);
  CHECK(queue.size() == 2);
}

TEST_CASE("a thread without tasks takes the second half of another thread's", "[executor]") {
  TaskQueue queue(2);
  queue.add(tasks(stage(0), 0, 10));
  CHECK(queue.take(0).following == 4);
  CHECK(takeAll(queue, 1) == std::vector<int>{5, 6, 7, 8, 9, 3, 4, 2, 1});
}

TEST_CASE("no task waits while a thread is free", "[executor]") {
  TaskQueue queue(3);
  queue.add(tasks(stage(0), 0, 3));
  std::set<int> taken;
  for (int thread : {2, 0, 1}) taken.insert(queue.take(thread).task.partition);
  CHECK(taken == std::set<int>{0, 1, 2});
  queue.add(tasks(stage(0), 7, 8));
  CHECK(queue.take(1).task.partition == 7);
  CHECK(queue.empty());
}

TEST_CASE("a run ends where the stage, its attempt or the order of partitions changes", "[executor]") {
  TaskQueue queue(1);
  const auto first = stage(0);
  queue.add(tasks(first, 0, 2));
  queue.add(tasks(first, 2, 3));
  queue.add(tasks(first, 4, 5));
  queue.add(tasks(first, 5, 6, 1));
  queue.add(tasks(stage(1), 6, 7));
  std::vector<int> following;
  while (!queue.empty()) following.push_back(queue.take(0).following);
  CHECK(following == std::vector<int>{2, 1, 0, 0, 0, 0});
}

TEST_CASE("a waiting task is taken out by its id, wherever it waits", "[executor]") {
  TaskQueue queue(2);
  queue.add(tasks(stage(0), 0, 6));
  CHECK(queue.take(0).task.partition == 0);  // 1 and 2 are this thread's now
  for (int64_t id : {1, 4}) CHECK(queue.remove(TaskId(id))->partition == id);
  CHECK_FALSE(queue.remove(TaskId(0)));
  CHECK_FALSE(queue.remove(TaskId(4)));
  CHECK(queue.size() == 3);
  CHECK(queue.take(0).task.partition == 2);
  CHECK(takeAll(queue, 0) == std::vector<int>{3, 5});
  queue.add(tasks(stage(0), 0, 1));
  queue.clear();
  CHECK(queue.empty());
}

}  // namespace cerium
