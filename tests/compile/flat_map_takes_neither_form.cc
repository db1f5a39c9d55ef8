// Cerium. Licensed under the Apache License 2.0.
// flatMap's function takes a record, or a record and emit.
// expect: cerium: flatMap: the function takes neither a record nor (record, emit)
#include <cerium/cerium.h>

#include <string>
#include <vector>

int main() {
  cerium::Context sc;
  sc.range(10).flatMap([](const std::string& text) { return std::vector<char>(text.begin(), text.end()); }).count();
}
