// Cerium. Licensed under the Apache License 2.0.
// Pair operations exist for pairs only.
// expect: has no member named 'reduceByKey'
// errors: 1
#include <cerium/cerium.h>

int main() {
  cerium::Context sc;
  sc.parallelize({1, 2, 3}).reduceByKey(std::plus<>());
}
