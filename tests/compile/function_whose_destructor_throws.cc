// Cerium. Licensed under the Apache License 2.0.
// A destructor that throws would end the process when copies of a function are destroyed.
// expect: cerium: the destructor of this function object may throw, which would end the process; make it noexcept
#include <cerium/cerium.h>

struct Loud {
  int64_t x = 0;
  Loud() = default;
  Loud(const Loud&) = default;
  ~Loud() noexcept(false) {}
  int64_t operator()(int64_t y) const { return x + y; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x);
  }
};

int main() {
  cerium::Context sc;
  sc.range(10).map(Loud()).count();
}
