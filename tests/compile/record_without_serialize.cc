// Cerium. Licensed under the Apache License 2.0.
// A record type that cannot be turned into bytes; the message says what to add to it.
// expect: records of this type cannot be serialized
// expect: have no cereal `serialize`
// expect: op::parallelize
#include <cerium/cerium.h>

struct Person {
  std::string name;
};

int main() {
  cerium::Context sc;
  sc.parallelize(std::vector<Person>{});
}
