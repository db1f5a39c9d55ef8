// Cerium. Licensed under the Apache License 2.0.
// Lets the tasks that a thread runs one after the other share their streams from other executors: the first asks the
// peers for its own reduce partition and for those of the tasks that follow it. Where partitions are small, a request
// for each of them would take longer than their records.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "executor/blocks/remote_shuffle.h"

namespace cerium {

/// The shared streams of one thread. A task reads its own partitions, in the same order as from a stream of its own. A
/// stream is read one segment ahead, so a peer's failure may be told by the task before the one whose segment it is.
/// Life: on the stack of the thread that runs tasks. Threads: that one.
class ReadAhead {
 public:
  ReadAhead();
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  /// Of this thread; null if it runs no tasks.
  static ReadAhead* current();

  /// A task begins, and the thread is to run `following` tasks with the next partitions of the same stage attempt after
  /// it. Streams of another stage attempt are closed.
  void taskBegins(StageId stage, int stage_attempt, int following);
  /// Closes the streams that no task will read.
  void close() { shared_.clear(); }
  [[nodiscard]] bool isOpen() const { return !shared_.empty(); }

  struct Sources {
    /// Opens a range; null if no segment can be remote.
    std::function<std::shared_ptr<RemoteShuffle>(const ShuffleRange&)> open;
    /// Whether map outputs are still where they were when the range was opened.
    std::function<bool(const RemoteShuffle&)> is_current;
  };
  /// The segments of a range for `task`; null if no segment can be remote.
  std::unique_ptr<SegmentSource> open(TaskContext& task, const ShuffleRange& range, const Sources& sources);

 private:
  [[nodiscard]] std::shared_ptr<RemoteShuffle> find(const ShuffleRange& range, const Sources& sources);

  StageId stage_;
  int stage_attempt_ = -1;
  int following_ = 0;
  std::vector<std::shared_ptr<RemoteShuffle>> shared_;
  ReadAhead* const outer_;
};

}  // namespace cerium
