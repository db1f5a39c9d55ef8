// Cerium. Licensed under the Apache License 2.0.
// A partitioner must know the keys.
// expect: cerium: not a partitioner for keys of this type
#include <cerium/cerium.h>

#include <string>

struct ByLength {
  int numPartitions() const { return 2; }
  int getPartition(const std::string& key) const { return key.size() > 3 ? 1 : 0; }
};

int main() {
  cerium::Context sc;
  sc.range(10).map([](int64_t x) { return std::pair(x, 1); }).partitionBy(ByLength()).count();
}
