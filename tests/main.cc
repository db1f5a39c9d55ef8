// Cerium. Licensed under the Apache License 2.0.
// The main() of every test program, compiled once because it is slow to compile. A test program is also its own
// executor, so tests can run jobs on executor processes.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "driver/context.h"

int main(int argc, char** argv) {
  cerium::serveIfExecutor();
  return Catch::Session().run(argc, argv);
}
