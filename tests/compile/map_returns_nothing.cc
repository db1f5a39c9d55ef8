// Cerium. Licensed under the Apache License 2.0.
// map needs a result.
// expect: cerium: map: the function returns nothing; use foreach for side effects
#include <cerium/cerium.h>

int main() {
  cerium::Context sc;
  sc.range(10).map([](int64_t) {}).count();
}
