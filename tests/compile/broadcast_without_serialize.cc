// Cerium. Licensed under the Apache License 2.0.
// A broadcast value has to be serialized.
// expect: cerium: records of this type cannot be serialized
// expect: op::broadcast
#include <cerium/cerium.h>

#include <string>

struct Table {
  std::string name;
};

int main() {
  cerium::Context sc;
  sc.broadcast(Table{"x"});
}
