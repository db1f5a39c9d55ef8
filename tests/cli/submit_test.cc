// Cerium. Licensed under the Apache License 2.0.
// `cerium submit` as users run it: the command itself, with shell scripts as programs.
#include <signal.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/command.h"

namespace cerium {
using testing::Submit;
using Result = testing::Submit::Result;

TEST_CASE("submit's flags become settings of the program", "[cli][submit]") {
  Submit submit;
  submit.folder.write("data", "");
  const Result result = submit.run({"--master",
                                    "local[2]",
                                    "--name",
                                    "a name",
                                    "--executor-memory",
                                    "2g",
                                    "--executor-cores",
                                    "3",
                                    "--total-executor-cores",
                                    "6",
                                    "--num-executors",
                                    "2",
                                    "--driver-memory",
                                    "512m",
                                    "--driver-cores",
                                    "1",
                                    "--files",
                                    "data",
                                    "--conf",
                                    "cerium.ui.enabled=false",
                                    "--conf",
                                    "cerium.executorEnv.A=x=y",
                                    submit.script("echo \"$CERIUM_SUBMIT_CONF\"; echo args: $*\n"),
                                    "--flag",
                                    "-x",
                                    "1"});
  CHECK(result.status == 0);
  for (const std::string& line :
       {std::string("cerium.master=local[2]\n"), std::string("cerium.app.name=a name\n"),
        std::string("cerium.executor.memory=2g\n"), std::string("cerium.executor.cores=3\n"),
        std::string("cerium.cores.max=6\n"), std::string("cerium.executor.instances=2\n"),
        std::string("cerium.driver.memory=512m\n"), std::string("cerium.driver.cores=1\n"),
        "cerium.files=" + submit.folder.path() + "/data\n", std::string("cerium.ui.enabled=false\n"),
        std::string("cerium.executorEnv.A=x=y\n"), std::string("args: --flag -x 1\n")}) {
    CHECK_THAT(result.out, Catch::Contains(line));
  }
}

TEST_CASE("submit exits as the program does", "[cli][submit]") {
  Submit submit;
  CHECK(submit.run({submit.script("exit 7\n")}).status == 7);
  CHECK(submit.run({submit.script("kill -SEGV $$\n")}).status == 128 + SIGSEGV);
  const Result result = submit.run({submit.script("echo out; echo err >&2\n")});
  CHECK(result.status == 0);
  CHECK(result.out == "out\n");
  CHECK(result.err == "err\n");
}

TEST_CASE("submit finds a wrong setting before the program runs, and names the flag", "[cli][submit]") {
  Submit submit;
  const std::string program = submit.script("echo it ran\n");
  submit.folder.write("a/data", "");
  submit.folder.write("b/data", "");
  const auto [arguments, message] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"--executor-memory", "lots"}, "--executor-memory: cerium.executor.memory: \"lots\" is not a size"},
      {{"--conf", "cerium.executor.memoy=2g"}, "did you mean cerium.executor.memory"},
      {{"--conf", "cerium.executor.memory"}, "write it as --conf key=value"},
      {{"--master", "yarn"}, "not a master"},
      {{"--deploy-mode", "elsewhere"}, "client|cluster"},
      {{"--exector-cores", "2"}, "--exector-cores is not a flag"},
      {{"--files", "/no/such/file"}, "there is no /no/such/file"},
      {{"--files", "a/data,b/data"}, "/a/data and "},
      {{"--files", "a/data,b/data"}, "/b/data have the same name"},
      {{"--properties-file", "/no/such/file"}, "/no/such/file"},
      {{"--supervise"}, "--deploy-mode cluster"},
  }));
  std::vector<std::string> all = arguments;
  all.push_back(program);
  const Result result = submit.run(all);
  CHECK((result.status == 1 || result.status == 2));
  CHECK_THAT(result.err, Catch::Contains(message));
  CHECK(result.out.empty());
}

TEST_CASE("submit takes no secret on its command line", "[cli][submit]") {
  Submit submit;
  const Result result = submit.run({"--conf", "cerium.authenticate.secret=sesame", submit.script("echo it ran\n")});
  CHECK(result.status == 2);
  CHECK_THAT(result.err, Catch::Contains("cerium.authenticate.secretFile"));
  CHECK_THAT(result.err, Catch::Contains("CERIUM_AUTHENTICATE_SECRET"));
  CHECK_THAT(result.err, !Catch::Contains("sesame"));
  CHECK(result.out.empty());
}

TEST_CASE("submit names a program that it cannot run", "[cli][submit]") {
  Submit submit;
  CHECK_THAT(submit.run({"./nothing"}).err, Catch::Contains("there is no program ./nothing"));
  CHECK_THAT(submit.run({}).err, Catch::Contains("no program is given"));
  CHECK_THAT(submit.run({submit.folder.write("plain", "")}).err, Catch::Contains("chmod +x"));
  submit.script("exit 3\n");
  CHECK(submit.run({"program"}).status == 3);  // of this folder
}

TEST_CASE("submit --verbose prints every setting and its origin", "[cli][submit]") {
  Submit submit;
  submit.environment["CERIUM_EXECUTOR_CORES"] = "5";
  submit.environment["CERIUM_TASK_CPUS"] = "2";
  const std::string file = submit.folder.write("my.conf", "# mine\ncerium.task.cpus 3\ncerium.cores.max 9\n");
  const Result result = submit.run({"--verbose", "--properties-file", "my.conf", "--executor-cores", "4", "--conf",
                                    "cerium.ui.port=0", submit.script("exit 0\n")});
  CHECK(result.status == 0);
  const auto lineOf = [&](const std::string& setting) {
    const size_t at = result.err.find(setting);
    return at == std::string::npos ? "no " + setting : result.err.substr(at, result.err.find('\n', at) - at);
  };
  CHECK_THAT(lineOf("cerium.executor.cores=4"), Catch::EndsWith("(--executor-cores)"));
  CHECK_THAT(lineOf("cerium.ui.port=0"), Catch::EndsWith("(--conf)"));
  CHECK_THAT(lineOf("cerium.task.cpus=2"), Catch::EndsWith("(environment variable CERIUM_TASK_CPUS)"));
  CHECK_THAT(lineOf("cerium.cores.max=9"), Catch::EndsWith("(" + file + ":3)"));
  CHECK_THAT(lineOf("cerium.network.timeout=10s"), Catch::EndsWith("(default)"));
}

TEST_CASE("the first interrupt is for the program, the second ends it", "[cli][submit]") {
  Submit submit;
  SECTION("a program that has something to do first") {
    const std::string program =
        submit.script("trap 'echo interrupted; exit 9' INT\necho ready\nwhile :; do sleep 0.05; done\n");
    bool sent = false;
    const Result result = submit.run({program}, [&](pid_t pid, const std::string& out) {
      if (!sent && out.find("ready") != std::string::npos) sent = ::kill(pid, SIGINT) == 0;
    });
    CHECK(result.status == 9);
    CHECK(result.out == "ready\ninterrupted\n");
  }
  SECTION("a program that does not end") {
    const std::string program = submit.script(
        "trap 'echo interrupted' INT\ntrap 'echo told; exit 8' TERM\necho ready\nwhile :; do sleep 0.05; done\n");
    int sent = 0;
    const Result result = submit.run({program}, [&](pid_t pid, const std::string& out) {
      if (sent == 0 && out.find("ready") != std::string::npos) sent += ::kill(pid, SIGINT) == 0;
      if (sent == 1 && out.find("interrupted") != std::string::npos) sent += ::kill(pid, SIGINT) == 0;
    });
    CHECK(result.status == 8);
    CHECK(result.out == "ready\ninterrupted\ntold\n");
  }
}

TEST_CASE("a file that is named twice is one file", "[cli][submit]") {
  Submit submit;
  submit.folder.write("a/data", "");
  CHECK(submit.run({"--files", "a/data,./a/data", submit.script("exit 3\n")}).status == 3);
}

TEST_CASE("submit asks only a cluster about its drivers", "[cli][submit]") {
  Submit submit;
  CHECK_THAT(submit.run({"--master", "local[2]", "--status", "driver-1"}).err, Catch::Contains("is not a cluster"));
  const Result result = submit.run({"--master", "cerium://127.0.0.1:1", "--kill", "driver-1"});
  CHECK(result.status == 1);
  CHECK_THAT(result.err, Catch::Contains("127.0.0.1:1"));
}

}  // namespace cerium
