// Cerium. Licensed under the Apache License 2.0.
#include <catch2/catch.hpp>

#include "rdd/api/support.h"

namespace cerium {
namespace {

TaskResult typed(int64_t value) { return {std::make_shared<int64_t>(value), {}}; }
TaskResult encoded(std::string_view bytes) { return {nullptr, Bytes(bytes)}; }
TaskResult encoded(int64_t value) { return encoded({reinterpret_cast<const char*>(&value), sizeof value}); }

}  // namespace

TEST_CASE("numbers come out in order, whether they travelled or not", "[rdd]") {
  api::PlainResults results(3, sizeof(int64_t));
  results.put(2, typed(30));
  results.put(0, encoded(10));
  results.put(1, typed(20));
  CHECK(results.take<int64_t>() == std::vector<int64_t>{10, 20, 30});
}

TEST_CASE("a result that is missing or of another size is not taken for a number", "[rdd]") {
  api::PlainResults results(3, sizeof(int64_t));
  results.put(0, encoded(10));
  SECTION("missing") {}
  SECTION("short") { results.put(1, encoded("abc")); }
  SECTION("empty") { results.put(1, encoded("")); }
  results.put(2, typed(30));
  CHECK_THROWS_AS(results.take<int64_t>(), CorruptData);
  CHECK_THROWS_WITH(results.take<int64_t>(), Catch::Contains("1 of the results of 3 tasks"));
}

}  // namespace cerium
