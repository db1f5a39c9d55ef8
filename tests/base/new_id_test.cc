// Cerium. Licensed under the Apache License 2.0.
#include "base/util/new_id.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace cerium {

TEST_CASE("an id is readable, and its random part is never the same", "[new_id]") {
  std::set<std::string> random_parts;
  for (int i = 0; i < 100; ++i) {
    const std::string id = newId("worker");
    CHECK_THAT(id, Catch::Matches("worker-[0-9]{8}-[0-9]{6}-[0-9a-f]{16}"));
    random_parts.insert(id.substr(id.size() - 16));
  }
  CHECK(random_parts.size() == 100);
}

TEST_CASE("a text that cannot be a folder's name is not an id", "[new_id]") {
  CHECK(isSafeId(newId("app")));
  CHECK(isSafeId("a.b_c-1"));
  for (const char* bad : {"", ".", "..", ".hidden", "-flag", "a/b", "a b", "a\n", "\xc3\xa4"})
    CHECK_FALSE(isSafeId(bad));
  CHECK_FALSE(isSafeId(std::string(129, 'a')));
}

}  // namespace cerium
