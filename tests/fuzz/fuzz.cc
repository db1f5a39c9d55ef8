// Cerium. Licensed under the Apache License 2.0.
// The frame of every target: its seeds go into its corpus, and at the end it says how many inputs were good.
#include "tests/fuzz/fuzz.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace cerium::fuzz {
namespace {

uint64_t g_whole = 0;

void say() { std::fprintf(stderr, "fuzz: %llu inputs were decoded whole\n", static_cast<unsigned long long>(g_whole)); }

/// A target that does not understand its own seeds tests nothing but its first lines.
void checkSeed(const std::string& seed) {
  const uint64_t before = g_whole;
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(seed.data()), seed.size());
  check(g_whole == before + 1, "a seed is not decoded whole");
}

}  // namespace

void decodedWhole() { ++g_whole; }

void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

}  // namespace cerium::fuzz

/// libFuzzer calls it before it reads the corpus, which is the folder that the command line ends with.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  using namespace cerium::fuzz;
  const std::filesystem::path folder = (*argv)[*argc - 1];
  const bool has_corpus = *argc > 1 && std::filesystem::is_directory(folder);
  int number = 0;
  for (const std::string& seed : seeds()) {
    checkSeed(seed);
    if (has_corpus) std::ofstream(folder / ("seed-" + std::to_string(number++)), std::ios::binary) << seed;
  }
  std::atexit(say);
  return 0;
}
