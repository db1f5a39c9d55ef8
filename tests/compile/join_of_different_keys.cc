// Cerium. Licensed under the Apache License 2.0.
// Both sides of a join need the same key type.
// expect: cerium: cogroup and joins need the same key type on all sides
#include <cerium/cerium.h>

#include <string>

int main() {
  cerium::Context sc;
  auto left = sc.range(10).map([](int64_t x) { return std::pair(x, 1); });
  auto right = sc.range(10).map([](int64_t x) { return std::pair(std::to_string(x), 1); });
  left.join(right).count();
}
