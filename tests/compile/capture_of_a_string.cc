// Cerium. Licensed under the Apache License 2.0.
// A lambda that captures a std::string cannot travel; the message names the two ways out.
// expect: this function captures something that is not trivially copyable
// expect: Two ways out: pass the value after the function
// expect: cerium::api::op::filter
#include <cerium/cerium.h>

int main() {
  cerium::Context sc;
  const std::string word = "cat";
  sc.parallelize({1, 2, 3}).filter([word](int) { return !word.empty(); }).count();
}
