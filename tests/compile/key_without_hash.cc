// Cerium. Licensed under the Apache License 2.0.
// A key needs a hash.
// expect: cerium: this key type has no hash; specialise std::hash or cerium::Hash for it
// expect: Point
#include <cerium/cerium.h>

struct Point {
  int x;
  int y;
  friend bool operator==(const Point&, const Point&) = default;
};

int main() {
  cerium::Context sc;
  sc.range(10)
      .map([](int64_t x) {
        return std::pair(Point{static_cast<int>(x), 0}, 1);
      })
      .reduceByKey(std::plus<>())
      .count();
}
