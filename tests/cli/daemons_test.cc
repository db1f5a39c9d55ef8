// Cerium. Licensed under the Apache License 2.0.
// The command lines that `cerium worker` and `cerium manager` refuse before anything runs.
#include <catch2/catch.hpp>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/command.h"

namespace cerium {

TEST_CASE("a worker refuses flags that make no sense, and names valid ones", "[cli][worker]") {
  testing::Command worker("worker");
  worker.environment["HOME"] = worker.folder.path();
  const auto [flags, message] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"--host", "0.0.0.0"}, "--host: a worker cannot be reached under the address 0.0.0.0; name the one"},
      {{"--host", "::"}, "--host: a worker cannot be reached under the address ::; name the one"},
      {{"--memory", "63m"}, "--memory: 63m is too little for any executor; offer 64m or more"},
      {{"--memory", "0"}, "offer 64m or more"},
      {{"--memory", "much"}, "--memory: \"much\" is not a size"},
      {{"--cores", "0"}, "--cores: Value 0 not in range 1 to 100000"},
      {{"--cores", "-3"}, "--cores: Value -3 not in range 1 to 100000"},
      {{"--cores", "100001"}, "--cores: Value 100001 not in range 1 to 100000"},
      {{"--cores", "99999999999999999999"}, "not in range 1 to 100000"},
      {{"--port", "65536"}, "--port: Value 65536 not in range 0 to 65535"},
      {{"--webui-port", "-1"}, "--webui-port: Value -1 not in range 0 to 65535"},
  }));
  std::vector<std::string> arguments = flags;
  arguments.emplace_back("cerium://127.0.0.1:1");
  const auto result = worker.run(arguments);
  CHECK(result.status == 2);
  CHECK_THAT(result.err, Catch::Contains(message));
}

TEST_CASE("a manager refuses ports that do not exist", "[cli][manager]") {
  testing::Command manager("manager");
  manager.environment["HOME"] = manager.folder.path();
  const std::string flag = GENERATE(as<std::string>(), "--port", "--webui-port");
  const auto result = manager.run({flag, "70000"});
  CHECK(result.status == 2);
  CHECK_THAT(result.err, Catch::Contains(flag + ": Value 70000 not in range 0 to 65535"));
}

TEST_CASE("a manager does not end with the reader of its log", "[cli][manager]") {
  testing::Command manager("manager");
  ChildOrder order = manager.order({});
  order.arguments = {"sh", "-c",
                     "{ \"$TOOL\" manager --port 0 --webui-port 0 2>&1 & echo $! >pid; wait $!; echo $? >status; } | "
                     "{ read -r line; kill -TERM $(cat pid) & }; wait"};
  order.environment["TOOL"] = std::exchange(order.program, "/bin/sh");
  order.environment["HOME"] = manager.folder.path();
  order.environment["CERIUM_LOG_LEVEL"] = "INFO";
  order.environment["XDG_RUNTIME_DIR"] = manager.folder.path();
  order.log_file = manager.folder / "log";
  std::promise<void> ended;
  ChildProcess shell(order, [&](const ChildEnd&) { ended.set_value(); });
  ended.get_future().get();
  CHECK(testing::contentsOf(manager.folder / "status") == "0\n");
}

}  // namespace cerium
