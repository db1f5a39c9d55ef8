// Cerium. Licensed under the Apache License 2.0.
// The common part of the targets: writes seeds into the corpus and prints at the end how many inputs were decoded
// whole.
#include "tests/fuzz/fuzz.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace cerium::fuzz {
namespace {

uint64_t g_whole = 0;

void say() { std::fprintf(stderr, "fuzz: %llu inputs were decoded whole\n", static_cast<unsigned long long>(g_whole)); }

/// A target that does not decode its own seeds would only test its first lines.
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

/// libFuzzer calls it before it reads the corpus, the folder at the end of the command line.
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
