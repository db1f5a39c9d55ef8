// Cerium. Licensed under the Apache License 2.0.
#include "driver/provider/executor_launcher.h"

#include <signal.h>

#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "base/protocol/executor_environment.h"
#include "base/util/environment.h"

namespace cerium {
namespace {

ChildOrder orderFor(const LaunchOrder& order) {
  ChildOrder child;
  child.program = "/proc/self/exe";
  child.arguments = ownArguments();
  child.environment = ownEnvironment();
  child.environment.erase(DriverEnvironment::kSecret);  // of a cluster, which is none of theirs
  child.environment[ExecutorEnvironment::kDriver] = order.driver;
  child.environment[ExecutorEnvironment::kId] = order.id.str();
  child.environment[ExecutorEnvironment::kCores] = std::to_string(order.cores);
  child.environment[ExecutorEnvironment::kSecret] = order.secret;
  child.environment[ExecutorEnvironment::kCrashFd] = std::to_string(ChildOrder::kCrashFd);
  child.log_file = order.log_file;
  child.crash_pipe = true;
  return child;
}

ProcessEnd describeEnd(const ChildEnd& child) {
  ProcessEnd end;
  end.signal = child.signal;
  end.exit_status = child.exit_status;
  end.crashed = readCrashRecord(child.crash_record, end.record);
  return end;
}

}  // namespace

std::vector<std::string> ownArguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(text, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

ExecutorProcessHandle::ExecutorProcessHandle(const LaunchOrder& order, std::function<void(const ProcessEnd&)> on_end)
    : process_(orderFor(order), [on_end = std::move(on_end)](const ChildEnd& end) { on_end(describeEnd(end)); }) {}

void ExecutorProcessHandle::kill() { process_.kill(SIGKILL); }

}  // namespace cerium
