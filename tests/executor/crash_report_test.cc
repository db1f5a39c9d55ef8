// Cerium. Licensed under the Apache License 2.0.
#include "executor/crash_report.h"

#include <catch2/catch.hpp>
#include <string>

namespace cerium {

TEST_CASE("a frame's name is a line, whatever its template arguments", "[executor][crash]") {
  const std::string chain = "cerium::Chain<" + std::string(100, 'x') + ", std::pair<long, long> >";
  CHECK(shortFrameName("short<int>(long)") == "short<int>(long)");
  CHECK(shortFrameName("cerium::Body<long, " + chain + ">::run(cerium::TaskContext&) const") ==
        "cerium::Body<...>::run(cerium::TaskContext&) const");
  CHECK(shortFrameName("bool ns::operator< <" + chain + ">(ns::A<" + chain + "> const&)") ==
        "bool ns::operator< <...>(ns::A<...> const&)");
  CHECK(shortFrameName("A<" + chain + ">::operator->() const") == "A<...>::operator->() const");
  CHECK(shortFrameName("decltype (x->y) f<decltype (a->b), " + chain + ">(int)") == "decltype (x->y) f<...>(int)");
  CHECK(shortFrameName(std::string(200, '<') + '>') == "<...>");
}

}  // namespace cerium
