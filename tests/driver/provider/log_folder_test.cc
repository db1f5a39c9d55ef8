// Cerium. Licensed under the Apache License 2.0.
#include "driver/provider/log_folder.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "base/util/user_folders.h"
#include "tests/support/temp_folder.h"

namespace cerium {
namespace {

std::string application(size_t number) { return fmt::format("app-20260101-{:06}", number); }

/// The state folder is in a folder of the test's own.
class StateFolder {
 public:
  StateFolder() {
    if (const char* value = std::getenv("XDG_STATE_HOME")) before_ = value;
    ::setenv("XDG_STATE_HOME", folder_.path().c_str(), 1);
  }
  ~StateFolder() {
    if (before_.empty()) {
      ::unsetenv("XDG_STATE_HOME");
    } else {
      ::setenv("XDG_STATE_HOME", before_.c_str(), 1);
    }
  }
  [[nodiscard]] bool has(const std::string& name) const { return std::filesystem::exists(stateFolder() + "/" + name); }

 private:
  testing::TempFolder folder_;
  std::string before_;
};

}  // namespace

TEST_CASE("the logs of the last hundred applications stay, and those of what runs", "[driver]") {
  StateFolder state;
  std::filesystem::create_directories(stateFolder() + "/worker");
  const LogFolder runs("", application(0));
  for (size_t i = 1; i <= LogFolder::kKept + 1; ++i) const LogFolder ended("", application(i));
  CHECK(runs.path() == stateFolder() + "/" + application(0));
  CHECK(state.has(application(0)));
  CHECK_FALSE(state.has(application(1)));
  CHECK(state.has(application(2)));
  CHECK(state.has(application(LogFolder::kKept + 1)));
  CHECK(state.has("worker"));
}

TEST_CASE("nothing is removed from a folder for logs that the user chose", "[driver]") {
  testing::TempFolder chosen;
  for (size_t i = 0; i < LogFolder::kKept + 2; ++i) const LogFolder ended(chosen.path(), application(i));
  CHECK(std::filesystem::exists(chosen / application(0)));
}

}  // namespace cerium
