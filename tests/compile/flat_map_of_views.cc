// Cerium. Licensed under the Apache License 2.0.
// A view of a record cannot be a record, because its copy refers to memory of this process.
// expect: records of this type cannot be serialized
#include <cerium/cerium.h>

#include <ranges>

int main() {
  cerium::Context sc;
  sc.parallelize({"the cat sat"}).flatMap([](const std::string& s) { return s | std::views::split(' '); }).collect();
}
