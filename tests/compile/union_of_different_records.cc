// Cerium. Licensed under the Apache License 2.0.
// A union needs the same records on both sides.
// expect: cerium: union_: the record types differ
#include <cerium/cerium.h>

#include <string>

int main() {
  cerium::Context sc;
  sc.range(10).union_(sc.textFile("log")).count();
}
