// Cerium. Licensed under the Apache License 2.0.
// The log, with and without a reader.
#include "base/util/log.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <utility>

#include "tests/support/temp_folder.h"

namespace cerium {
namespace {

using testing::TempFolder;

/// Makes stderr of this process a pipe while it lives.
class StderrPipe {
 public:
  StderrPipe() : before_(::dup(STDERR_FILENO)) {
    REQUIRE(::pipe2(ends_, O_CLOEXEC) == 0);
    ::dup2(ends_[1], STDERR_FILENO);
  }
  ~StderrPipe() {
    closeReader();
    log::flush(std::chrono::seconds(10));  // discards lines, so that the next test does not see them
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    ::close(ends_[1]);
  }
  StderrPipe(const StderrPipe&) = delete;
  StderrPipe& operator=(const StderrPipe&) = delete;

  /// Reads up to and including `last`.
  std::string readUpTo(const std::string& last) {
    std::string text;
    char buffer[16 << 10];
    while (text.find(last) == std::string::npos) {
      const ssize_t n = ::read(ends_[0], buffer, sizeof buffer);
      if (n <= 0) break;
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }
  void closeReader() {
    if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
  }

 private:
  const int before_;
  int ends_[2];
};

int inChild(const std::function<void()>& does) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    does();
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  return status;
}

void logNumbered(int begin, int end) {
  for (int i = begin; i < end; ++i) log::warn("line {} {}", i, std::string(100, 'x'));
}

}  // namespace

TEST_CASE("logging does not wait for a reader, and kept lines come in order", "[base][log]") {
  StderrPipe pipe;
  logNumbered(0, 2'000);  // a pipe holds about 500 lines
  const std::string text = pipe.readUpTo("line 1999 ");
  size_t at = 0;
  for (int i = 0; i < 2'000 && at != std::string::npos; ++i) at = text.find("line " + std::to_string(i) + " x", at);
  CHECK(at != std::string::npos);
  CHECK(text.find("left out") == std::string::npos);
}

TEST_CASE("lines that are not read in time are dropped, and the log counts them and goes on", "[base][log]") {
  StderrPipe pipe;
  logNumbered(0, 20'000);
  const std::string text = pipe.readUpTo("missing here");
  const size_t kept = text.find("line 7000 ");
  CHECK(kept != std::string::npos);
  CHECK(text.find("line 19999 ") == std::string::npos);
  CHECK(text.find(" log lines are missing here") != std::string::npos);
  log::flush(std::chrono::seconds(10));
  log::warn("goes on");
  CHECK_THAT(pipe.readUpTo("goes on"), Catch::Contains("goes on"));
}

TEST_CASE("a child of fork logs while its parent's lines wait for a reader", "[base][log]") {
  const TempFolder folder;
  const std::string path = folder.write("log", "");
  StderrPipe pipe;
  logNumbered(0, 2'000);
  const int status = inChild([&] {
    ::dup2(::open(path.c_str(), O_WRONLY | O_APPEND), STDERR_FILENO);
    log::warn("from the child");
  });
  CHECK(status == 0);
  CHECK_THAT(testing::contentsOf(path), Catch::EndsWith("from the child\n") && !Catch::Contains("line"));
  CHECK_THAT(pipe.readUpTo("line 1999 "), Catch::Contains("line 1999 ") && !Catch::Contains("from the child"));
}

TEST_CASE("a program that logs and exits", "[.program]") {
  logNumbered(0, 2'000);
  std::exit(0);
}

TEST_CASE("a process that ends waits for its reader, but not for long", "[base][log]") {
  StderrPipe pipe;
  const pid_t pid = ::fork();
  // A program of its own: handlers at the exit of a forked process may wait for threads that it does not have.
  if (pid == 0) ::execl("/proc/self/exe", "program", "a program that logs and exits", nullptr);
  SECTION("who reads gets all") { CHECK_THAT(pipe.readUpTo("line 1999 "), Catch::Contains("line 1999 ")); }
  SECTION("a reader that does not read holds nothing up") {}
  int status = -1;
  CHECK(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
}

TEST_CASE("a log whose reader is gone is written nowhere", "[base][log]") {
  const int status = inChild([] {
    ::signal(SIGPIPE, SIG_IGN);  // as in a manager or a worker
    StderrPipe pipe;
    pipe.closeReader();
    logNumbered(0, 20'000);
  });
  CHECK(status == 0);
}

}  // namespace cerium
