// Cerium. Licensed under the Apache License 2.0.
// Pointers mean nothing in another process.
// expect: cerium: records of this type cannot be serialized
// expect: op::parallelize
#include <cerium/cerium.h>

#include <vector>

int main() {
  cerium::Context sc;
  int x = 0;
  sc.parallelize(std::vector{&x});
}
