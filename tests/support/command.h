// Cerium. Licensed under the Apache License 2.0.
// A `cerium` command under test, run as users run it.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/util/child_process.h"
#include "tests/support/temp_folder.h"

namespace cerium::testing {

/// build/bin/cerium, seen from build/tests/tests_cli.
inline std::string builtTool() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "bin/cerium").string();
}

/// A command in a folder of its own.
class Command {
 public:
  struct Result {
    int status = -1;
    std::string out;
    std::string err;
  };

  explicit Command(std::string name) : name_(std::move(name)) {}

  std::string script(const std::string& text) {
    std::string path = folder.write("program", "#!/bin/sh\n" + text);
    ::chmod(path.c_str(), 0700);
    return path;
  }

  /// The order to start it; the caller chooses the streams.
  [[nodiscard]] ChildOrder order(const std::vector<std::string>& arguments) const {
    ChildOrder order;
    order.program = builtTool();
    order.arguments = {"cerium", name_};
    order.arguments.insert(order.arguments.end(), arguments.begin(), arguments.end());
    order.environment = environment;
    order.directory = folder.path();
    return order;
  }

  /// `onOutput` is called with the process's pid and its whole output so far.
  Result run(const std::vector<std::string>& arguments,
             const std::function<void(pid_t, const std::string&)>& onOutput = {}) {
    ChildOrder order = this->order(arguments);
    order.streams = ChildOrder::Streams::kPipes;
    Result result;  // used by the watcher until the promise is kept
    std::promise<pid_t> pid;
    std::shared_future<pid_t> started = pid.get_future().share();
    order.on_output = [&](bool is_stderr, std::string_view bytes) {
      (is_stderr ? result.err : result.out) += bytes;
      if (onOutput) onOutput(started.get(), result.out);
    };
    std::promise<int> ended;
    ChildProcess process(order, [&](const ChildEnd& end) { ended.set_value(end.signal > 0 ? -1 : end.exit_status); });
    pid.set_value(process.pid());
    result.status = ended.get_future().get();
    return result;
  }

  TempFolder folder;
  std::map<std::string, std::string> environment = {{"PATH", "/usr/bin:/bin"}};

 private:
  const std::string name_;
};

struct Submit : Command {
  Submit() : Command("submit") {}
};

}  // namespace cerium::testing
