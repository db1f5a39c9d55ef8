// Cerium. Licensed under the Apache License 2.0.
// `cerium config` and the page that it prints.
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/command.h"

namespace cerium {

TEST_CASE("docs/configuration.md is what cerium config prints", "[cli]") {
  const auto page = std::filesystem::path(__FILE__).parent_path() / "../../docs/configuration.md";
  const auto result = testing::Command("config").run({});
  CHECK(result.status == 0);
  INFO("build/bin/cerium config >docs/configuration.md mends it");
  CHECK(result.out == testing::contentsOf(page.string()));
}

}  // namespace cerium
