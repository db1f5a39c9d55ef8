// Cerium. Licensed under the Apache License 2.0.
#include "base/rpc/tcp/frame_header.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "base/util/error.h"
#include "base/util/hash.h"

namespace cerium::rpc {

namespace {

constexpr size_t kWord = sizeof(uint64_t);

static_assert(std::endian::native == std::endian::little, "a word is written as it lies in memory");

void putWord(char* place, uint64_t word) { std::memcpy(place, &word, kWord); }

uint64_t wordAt(const char* place) {
  uint64_t word = 0;
  std::memcpy(&word, place, kWord);
  return word;
}

/// A checksum of the two fields; cheaper than XXH3 for 16 bytes.
uint64_t sumOf(const FrameHeader& header) { return keys::combine(header.length, header.checksum); }

}  // namespace

FrameHeader FrameHeader::of(std::string_view message) {
  return {message.size(), hashBytes(message.data(), message.size())};
}

std::array<char, FrameHeader::kBytes> FrameHeader::encoded() const {
  std::array<char, kBytes> bytes;
  putWord(bytes.data(), length);
  putWord(bytes.data() + kWord, checksum);
  putWord(bytes.data() + 2 * kWord, sumOf(*this));
  return bytes;
}

FrameHeader FrameHeader::decode(const char* bytes) {
  const FrameHeader header{wordAt(bytes), wordAt(bytes + kWord)};
  if (sumOf(header) != wordAt(bytes + 2 * kWord)) {
    throw CorruptData("damaged on the wire: the head of a message does not match its checksum");
  }
  return header;
}

void FrameHeader::verify(std::string_view message) const {
  if (hashBytes(message.data(), message.size()) == checksum) return;
  throw CorruptData(
      fmt::format("damaged on the wire: a message of {} bytes does not match its checksum", message.size()));
}

}  // namespace cerium::rpc
