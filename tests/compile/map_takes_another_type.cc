// Cerium. Licensed under the Apache License 2.0.
// map's function must take the record.
// expect: cerium: map: the function cannot be called with a record of this type
#include <cerium/cerium.h>

#include <string>

int main() {
  cerium::Context sc;
  sc.range(10).map([](const std::string& text) { return text.size(); }).count();
}
