// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/worker/work_folder.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "base/util/error.h"
#include "tests/support/temp_folder.h"

namespace cerium::cluster_manager {

using IfInUse = WorkFolder::IfInUse;

TEST_CASE("a work folder has one worker at a time", "[cluster-manager][work_folder]") {
  const testing::TempFolder folder;
  const std::string path = folder / "state/worker";
  {
    const WorkFolder first(path, IfInUse::kFail);
    CHECK(first.path() == path);
    CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::mask) == std::filesystem::perms(0700));
    CHECK_THROWS_AS(WorkFolder(path, IfInUse::kFail), InvalidArgument);
    CHECK_THROWS_WITH(WorkFolder(path, IfInUse::kFail),
                      Catch::Contains(path) && Catch::Contains("--work-dir") &&
                          Catch::Contains("process " + std::to_string(::getpid()) + " on "));
  }
  CHECK(WorkFolder(path, IfInUse::kFail).path() == path);  // that of a worker that has ended
}

TEST_CASE("workers without a folder of their own take the next one", "[cluster-manager][work_folder]") {
  const testing::TempFolder folder;
  const std::string path = folder / "worker-8081";
  const WorkFolder first(path, IfInUse::kTakeNext);
  {
    const WorkFolder second(path, IfInUse::kTakeNext);
    const WorkFolder third(path, IfInUse::kTakeNext);
    CHECK(first.path() == path);
    CHECK(second.path() == path + "-2");
    CHECK(third.path() == path + "-3");
  }
  CHECK(WorkFolder(path, IfInUse::kTakeNext).path() == path + "-2");
}

TEST_CASE("a work folder that cannot be made is named", "[cluster-manager][work_folder]") {
  const testing::TempFolder folder;
  const std::string file = folder.write("file", "");
  CHECK_THROWS_WITH(WorkFolder(file + "/worker", IfInUse::kTakeNext), Catch::Contains(file + "/worker"));
}

}  // namespace cerium::cluster_manager
