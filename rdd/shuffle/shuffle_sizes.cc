// Cerium. Licensed under the Apache License 2.0.
#include "rdd/shuffle/shuffle_sizes.h"

#include <algorithm>

#include "base/serde/wire.h"

namespace cerium {

Bytes encodeSizes(const std::vector<PartSize>& parts) {
  Bytes bytes;
  if (parts.empty()) return bytes;
  Writer out(bytes);
  out.varint(parts.size());
  for (const PartSize& part : parts) {
    out.varint(static_cast<uint64_t>(part.records));
    if (part.records > 0) out.varint(static_cast<uint64_t>(part.bytes));
  }
  return bytes;
}

std::vector<PartSize> decodeSizes(const Bytes& bytes) {
  constexpr uint64_t kMost = uint64_t{1} << 48;  // no disk holds more, and the sum over all map tasks does not overflow
  std::vector<PartSize> parts;
  if (bytes.empty()) return parts;
  Reader in(bytes);
  parts.resize(in.count());
  for (PartSize& part : parts) {
    const uint64_t records = in.varint();
    const uint64_t size = records > 0 ? in.varint() : 0;
    if (records > kMost || size > kMost) throw CorruptData("a map task reports a part of an impossible size");
    part = {static_cast<int64_t>(size), static_cast<int64_t>(records)};
  }
  if (!in.atEnd()) throw CorruptData("the sizes of a map task's output are followed by more bytes");
  return parts;
}

ShuffleSizes::ShuffleSizes(int num_maps, int num_reduces)
    : kept_by_map_(num_maps == 0 ? 0 : std::max<size_t>(1, kMostParts / static_cast<size_t>(num_maps))),
      reduces_(static_cast<size_t>(num_reduces)),
      maps_(static_cast<size_t>(num_maps)) {}

void ShuffleSizes::put(int map, const std::vector<PartSize>& parts) {
  if (map < 0 || map >= numMaps() || parts.size() != reduces_.size()) return;
  Map& place = maps_[static_cast<size_t>(map)];
  if (place.rest_parts > 0) is_exact_ = false;
  subtract(place);
  place = {};
  for (size_t r = 0; r < parts.size(); ++r) {
    reduces_[r] += parts[r];
    if (parts[r] != PartSize()) place.kept.push_back({static_cast<int32_t>(r), parts[r]});
  }
  keepLargest(place, kept_by_map_);
}

/// Takes the output of a map task out of the sums, as far as it is known by part.
void ShuffleSizes::subtract(const Map& map) {
  for (const Part& part : map.kept) {
    PartSize& sum = reduces_[static_cast<size_t>(part.reduce)];
    sum.bytes -= part.size.bytes;
    sum.records -= part.size.records;
  }
}

void ShuffleSizes::keepLargest(Map& map, size_t most) {
  auto& parts = map.kept;
  if (parts.size() <= most) return parts.shrink_to_fit();
  const auto rest = parts.begin() + static_cast<int64_t>(most);
  std::nth_element(parts.begin(), rest, parts.end(),
                   [](const Part& a, const Part& b) { return a.size.bytes > b.size.bytes; });
  for (auto part = rest; part != parts.end(); ++part) map.rest += part->size;
  map.rest_parts = parts.end() - rest;
  parts = {parts.begin(), rest};
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.reduce < b.reduce; });
}

PartSize ShuffleSizes::total() const {
  PartSize sum;
  for (const PartSize& each : reduces_) sum += each;
  return sum;
}

PartSize ShuffleSizes::of(int map, int reduce) const {
  const Map& place = maps_[static_cast<size_t>(map)];
  const auto found = std::lower_bound(place.kept.begin(), place.kept.end(), reduce,
                                      [](const Part& part, int wanted) { return part.reduce < wanted; });
  if (found != place.kept.end() && found->reduce == reduce) return found->size;
  const int64_t others = static_cast<int64_t>(reduces_.size() - place.kept.size());
  if (place.rest_parts == 0 || others == 0) return {};
  return {place.rest.bytes / others, place.rest.records / others};
}

}  // namespace cerium
