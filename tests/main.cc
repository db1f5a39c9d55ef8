// Cerium. Licensed under the Apache License 2.0.
// The main() of every test program: compiled once, as it is slow to compile. A test program is its own executor too, so
// that tests can run jobs on executor processes.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "driver/context.h"

int main(int argc, char** argv) {
  cerium::serveIfExecutor();
  return Catch::Session().run(argc, argv);
}
