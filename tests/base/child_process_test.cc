// Cerium. Licensed under the Apache License 2.0.
#include "base/util/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <future>

#include "base/util/error.h"
#include "tests/support/temp_folder.h"

namespace cerium {
namespace {

using testing::TempFolder;

/// A child that runs /bin/sh with a script.
ChildOrder script(const std::string& text, const TempFolder& folder) {
  ChildOrder order;
  order.program = "/bin/sh";
  order.arguments = {"sh", "-c", text};
  order.log_file = folder / "log";
  return order;
}

struct Finished {
  ChildEnd end;
  std::string out;
  std::string err;
};

Finished run(ChildOrder order, const std::function<void(ChildProcess&)>& meanwhile = {}) {
  Finished finished;  // written by the watcher thread, read after the future is ready
  order.on_output = [&](bool is_stderr, std::string_view bytes) { (is_stderr ? finished.err : finished.out) += bytes; };
  std::promise<ChildEnd> ended;
  ChildProcess child(order, [&](ChildEnd end) { ended.set_value(std::move(end)); });
  if (meanwhile) meanwhile(child);
  finished.end = ended.get_future().get();
  return finished;
}

std::string startFailure(const ChildOrder& order) {
  try {
    run(order);
  } catch (const IoError& e) {
    return e.what();
  }
  return "it started";
}

/// The exit status of a process that calls endWithParent() and believes that `parent` started it.
int statusAfterEndWithParent(pid_t parent) {
  const std::string number = std::to_string(parent);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setenv(ChildOrder::kParentVariable, number.c_str(), 1);
    endWithParent();
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("a child's exit status and signal are reported", "[base][child]") {
  TempFolder folder;
  CHECK(run(script("exit 7", folder)).end.exit_status == 7);
  const ChildEnd killed = run(script("kill -SEGV $$", folder)).end;
  CHECK(killed.signal == SIGSEGV);
  CHECK(killed.crash_record.empty());
}

TEST_CASE("a child can be killed, and killing it again does no harm", "[base][child]") {
  TempFolder folder;
  std::promise<int> ended;
  ChildProcess child(script("sleep 100", folder), [&](const ChildEnd& end) { ended.set_value(end.signal); });
  child.kill(SIGTERM);
  CHECK(ended.get_future().get() == SIGTERM);
  child.kill(SIGKILL);
}

TEST_CASE("both streams of a child go to its log, which only its owner reads", "[base][child]") {
  TempFolder folder;
  run(script("echo one; echo two >&2", folder));
  run(script("echo three", folder));
  CHECK(testing::contentsOf(folder / "log") == "one\ntwo\nthree\n");
  CHECK((std::filesystem::status(folder / "log").permissions() & std::filesystem::perms::mask) ==
        std::filesystem::perms(0600));
}

TEST_CASE("the streams of a child are read separately, to the last byte", "[base][child]") {
  TempFolder folder;
  ChildOrder order = script("head -c 300000 /dev/zero | tr '\\0' x; echo bad >&2; echo end", folder);
  order.streams = ChildOrder::Streams::kPipes;
  order.environment["PATH"] = "/usr/bin:/bin";
  const Finished finished = run(order);
  CHECK(finished.out == std::string(300000, 'x') + "end\n");
  CHECK(finished.err == "bad\n");
}

TEST_CASE("a grandchild that keeps the streams open does not hold up the end", "[base][child]") {
  TempFolder folder;
  ChildOrder order = script("sleep 100 & echo $!", folder);
  order.streams = ChildOrder::Streams::kPipes;
  order.environment["PATH"] = "/usr/bin:/bin";
  SECTION("it lives on where the group is shared") {
    const pid_t grandchild = std::stoi(run(order).out);
    CHECK(::kill(grandchild, SIGKILL) == 0);
  }
  SECTION("it ends with a group of the child's own") {
    order.own_group = true;
    const pid_t grandchild = std::stoi(run(order).out);
    // It is killed before the child's end is reported, and a zombie until its new parent reaps it.
    const std::string stat = testing::contentsOf("/proc/" + std::to_string(grandchild) + "/stat");
    CHECK((stat.empty() || stat.find(") S") == std::string::npos));
  }
}

TEST_CASE("a grandchild that writes without end does not hide the end of the child", "[base][child]") {
  TempFolder folder;
  ChildOrder order = script("setsid timeout 30 yes & sleep 0.1; exit 7", folder);
  order.streams = ChildOrder::Streams::kPipes;
  order.environment["PATH"] = "/usr/bin:/bin";
  order.own_group = true;                                             // the grandchild has left the group
  order.on_output = [](bool, std::string_view) { ::usleep(1'000); };  // the grandchild writes faster than this reads
  std::promise<int> ended;
  const ChildProcess child(order, [&](const ChildEnd& end) { ended.set_value(end.exit_status); });
  auto status = ended.get_future();
  CHECK(status.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  CHECK(status.get() == 7);
}

TEST_CASE("a child has the environment, folder and descriptors of its order and no more", "[base][child]") {
  TempFolder folder;
  const int ours = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  ChildOrder order = script("echo $0 $ONLY; pwd; echo ${HOME-no home}; ls /proc/$$/fd", folder);
  order.arguments.push_back("zero");
  order.environment = {{"ONLY", "a b=c"}, {"PATH", "/usr/bin:/bin"}};
  order.directory = folder.path();
  order.streams = ChildOrder::Streams::kPipes;
  const std::string out = run(order).out;
  ::close(ours);
  CHECK(out == "zero a b=c\n" + folder.path() + "\nno home\n0\n1\n2\n");
}

TEST_CASE("a child that must end with its parent ends at once if the parent is gone", "[base][child]") {
  TempFolder folder;
  ChildOrder order = script("echo $CERIUM_PARENT $PPID", folder);
  order.streams = ChildOrder::Streams::kPipes;
  // the parent has the variable itself and passes its environment on
  order.environment[ChildOrder::kParentVariable] = "of its parent";
  const std::string own = std::to_string(::getpid());
  CHECK(run(order).out == own + " " + own + "\n");

  CHECK(statusAfterEndWithParent(::getpid()) == 0);
  CHECK(statusAfterEndWithParent(::getppid()) == 0);  // a shell between the two is none of its business
  const pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  ::waitpid(gone, nullptr, 0);
  const int status = statusAfterEndWithParent(gone);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
}

TEST_CASE("a child's crash record is handed over at its end", "[base][child]") {
  TempFolder folder;
  ChildOrder order = script("printf 'a record' >&3; kill -ABRT $$", folder);
  order.crash_pipe = true;
  const ChildEnd end = run(order).end;
  CHECK(end.signal == SIGABRT);
  CHECK(end.crash_record.view() == "a record");
}

TEST_CASE("a program that cannot be started is named, with the reason", "[base][child]") {
  TempFolder folder;
  ChildOrder order;
  order.log_file = folder / "log";
  order.arguments = {"program"};
  SECTION("it does not exist") {
    order.program = folder / "nothing";
    CHECK(startFailure(order) ==
          "cannot start " + order.program + " (log " + order.log_file + "): No such file or directory");
  }
  SECTION("it is for another machine") {
    order.program = folder.write("foreign", "no ELF file");
    ::chmod(order.program.c_str(), 0700);
    CHECK_THAT(startFailure(order), Catch::Contains("the file is not a program for this machine"));
  }
  SECTION("its loader is missing") {
    order.program = folder.write("script", "#!/no/such/interpreter\n");
    ::chmod(order.program.c_str(), 0700);
    CHECK_THAT(startFailure(order), Catch::Contains("its loader is not installed here"));
  }
  SECTION("its log cannot be written") {
    order.program = "/bin/true";
    order.log_file = "/no/such/folder/log";
    CHECK_THAT(startFailure(order), Catch::Contains("/no/such/folder/log"));
  }
}

TEST_CASE("the last lines of a log are its end without empty lines", "[base][child]") {
  TempFolder folder;
  folder.write("log", "first\nsecond\nthird\n\n");
  CHECK(lastLines(folder / "log", 1000) == "first\nsecond\nthird");
  CHECK(lastLines(folder / "log", 7) == "third");
  CHECK(lastLines(folder / "none", 8).empty());
}

}  // namespace cerium
