// Cerium. Licensed under the Apache License 2.0.
#include "rdd/shuffle/shuffle_sizes.h"

#include <catch2/catch.hpp>

#include "base/util/error.h"

namespace cerium {
namespace {

using Parts = std::vector<PartSize>;

}  // namespace

TEST_CASE("the sizes of map outputs add up by reduce partition and stay known by map task", "[rdd]") {
  ShuffleSizes sizes(2, 3);
  sizes.put(0, Parts{{10, 1}, {0, 0}, {30, 3}});
  sizes.put(1, Parts{{5, 1}, {7, 2}, {0, 0}});
  CHECK(sizes.byReduce() == Parts{{15, 2}, {7, 2}, {30, 3}});
  CHECK(sizes.total() == PartSize{52, 7});
  CHECK(sizes.of(0, 2) == PartSize{30, 3});
  CHECK(sizes.of(1, 2) == PartSize{});
  CHECK(sizes.isExact());
}

TEST_CASE("an output that is made again with other sizes replaces the sizes of the lost one", "[rdd]") {
  ShuffleSizes sizes(1, 2);
  sizes.put(0, Parts{{10, 1}, {20, 2}});
  sizes.put(0, Parts{{11, 1}, {0, 0}});
  CHECK(sizes.byReduce() == Parts{{11, 1}, {0, 0}});
  CHECK(sizes.isExact());
}

TEST_CASE("sizes of another number of parts are ignored", "[rdd]") {
  ShuffleSizes sizes(1, 2);
  sizes.put(0, Parts{{10, 1}});
  sizes.put(1, Parts{{10, 1}, {20, 2}});
  CHECK(sizes.total() == PartSize{});
}

TEST_CASE("of a shuffle with very many parts the sums and the largest parts are exact", "[rdd]") {
  constexpr int kMaps = 5'000;
  constexpr int kReduces = 1'000;
  ShuffleSizes sizes(kMaps, kReduces);
  Parts parts(kReduces, PartSize{100, 1});
  parts[7] = {1'000'000, 10'000};
  for (int map = 0; map < kMaps; ++map) sizes.put(map, parts);
  CHECK(sizes.ofReduce(7) == PartSize{kMaps * 1'000'000LL, kMaps * 10'000LL});
  CHECK(sizes.ofReduce(8) == PartSize{kMaps * 100LL, kMaps});
  CHECK(sizes.of(4'999, 7) == PartSize{1'000'000, 10'000});
  CHECK(sizes.of(4'999, 8) == PartSize{100, 1});  // the mean of the parts that are not kept, which are all the same
  CHECK(sizes.isExact());
  sizes.put(3, parts);
  CHECK_FALSE(sizes.isExact());
}

TEST_CASE("sizes travel, and bytes that are no sizes are refused", "[rdd]") {
  const Parts parts{{10, 1}, {0, 0}, {1'000'000'000'000, 3}};
  CHECK(decodeSizes(encodeSizes(parts)) == parts);
  CHECK(decodeSizes(encodeSizes({})).empty());
  CHECK(encodeSizes(Parts(2'000)).size() < 2'010);
  for (const auto* bytes : {"\x02\x01", "\x01\x00\x00", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"}) {
    Bytes hostile;
    hostile.append(bytes, std::char_traits<char>::length(bytes) + (bytes[0] == '\x01' && bytes[1] == 0 ? 2 : 0));
    CHECK_THROWS_AS(decodeSizes(hostile), CorruptData);
  }
}

}  // namespace cerium
