// Cerium. Licensed under the Apache License 2.0.
// CERIUM_SIM_SEEDS=5000 runs more seeds, CERIUM_SIM_SEED=17 only that one.
#include "tests/support/simulation.h"

#include <catch2/catch.hpp>
#include <cstdlib>

namespace cerium {
namespace {

int64_t environment(const char* name, int64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoll(value);
}

}  // namespace

TEST_CASE("simulated clusters that go wrong in every way still give the right results, once", "[driver][fault]") {
  const int64_t only_seed = environment("CERIUM_SIM_SEED", -1);
  const int64_t first = only_seed >= 0 ? only_seed : 0;
  const int64_t count = only_seed >= 0 ? 1 : environment("CERIUM_SIM_SEEDS", 1'000);
  for (int64_t seed = first; seed < first + count; ++seed) {
    try {
      test::Simulation(static_cast<uint64_t>(seed)).run();
    } catch (const std::exception& wrong) {
      FAIL_CHECK("CERIUM_SIM_SEED=" << seed << ": " << wrong.what());
    }
  }
  SUCCEED();
}

}  // namespace cerium
