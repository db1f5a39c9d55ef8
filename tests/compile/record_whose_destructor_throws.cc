// Cerium. Licensed under the Apache License 2.0.
// A destructor that throws would end the process when records are destroyed.
// expect: cerium: the destructor of this record type may throw, which would end the process; make it noexcept
#include <cerium/cerium.h>

struct Loud {
  int64_t x = 0;
  Loud() = default;
  Loud(const Loud&) = default;
  ~Loud() noexcept(false) {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x);
  }
};

int main() {
  cerium::Context sc;
  sc.range(10).map([](int64_t) { return Loud(); }).count();
}
