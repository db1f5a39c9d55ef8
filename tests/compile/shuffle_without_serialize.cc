// Cerium. Licensed under the Apache License 2.0.
// Records that cannot be serialized cannot be shuffled.
// expect: cerium: records of this type cannot be serialized
// expect: op::shuffle
// expect: Person
#include <cerium/cerium.h>

#include <string>

struct Person {
  std::string name;
};

int main() {
  cerium::Context sc;
  sc.range(10).map([](int64_t x) { return std::pair(x, Person{std::to_string(x)}); }).groupByKey().count();
}
