// Cerium. Licensed under the Apache License 2.0.
// Catch2 3 under the name and with the matchers of Catch2 2, for which the tests are written.
#pragma once

#include <catch2/catch_all.hpp>
#include <string>

using Catch::Approx;

namespace Catch {

using Matchers::EndsWith;
using Matchers::Equals;
using Matchers::MatcherBase;
using Matchers::Matches;
using Matchers::StartsWith;

inline auto Contains(const std::string& part, CaseSensitive sensitive = CaseSensitive::Yes) {
  return Matchers::ContainsSubstring(part, sensitive);
}

}  // namespace Catch
