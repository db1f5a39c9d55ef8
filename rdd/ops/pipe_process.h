// Cerium. Licensed under the Apache License 2.0.
// An external program that reads a partition's lines and writes lines back.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "rdd/stream.h"

namespace cerium {
class TaskContext;
}

namespace cerium::ops {

struct PipeCommand {
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(arguments, environment);
  }
};

/// Starts the program. `feed` appends lines for its input until it returns false; the lines of its output are the
/// records. The program is killed if the stream is dropped early. Throws Error with the program's status and the end of
/// its error output.
StreamPtr<std::string> pipeThrough(const PipeCommand& command, TaskContext& task,
                                   std::function<bool(std::string&)> feed);

}  // namespace cerium::ops
