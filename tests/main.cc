// Cerium. Licensed under the Apache License 2.0.
// The main() of every test program: compiled once, as it is slow to compile.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
