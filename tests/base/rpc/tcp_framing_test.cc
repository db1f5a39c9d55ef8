// Cerium. Licensed under the Apache License 2.0.
// Frames without sockets: SendQueue writes them and FrameReader reads them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "base/rpc/tcp/frame_reader.h"
#include "base/rpc/tcp/send_queue.h"
#include "base/util/error.h"

namespace cerium::rpc {

namespace {

/// All bytes of the queue, taken in pieces of at most `piece` bytes.
std::string drain(SendQueue& queue, size_t piece) {
  std::string out;
  while (!queue.empty()) {
    size_t taken = 0;
    queue.forFront(2, [&](std::span<const char> run) {
      const size_t count = std::min(run.size(), piece - taken);
      out.append(run.data(), count);
      taken += count;
    });
    queue.consume(taken);
  }
  return out;
}

/// Feeds `stream` to the reader in pieces of at most `piece` bytes.
std::vector<std::string> readAll(FrameReader& reader, std::string_view stream, size_t piece) {
  std::vector<std::string> messages;
  while (!stream.empty()) {
    size_t count = 0;
    for (const std::span<char> part : reader.space()) {
      const size_t fits = std::min({part.size(), stream.size(), piece - count});
      if (fits > 0) std::memcpy(part.data(), stream.data(), fits);
      stream.remove_prefix(fits);
      count += fits;
    }
    reader.received(count);
    while (auto message = reader.next()) messages.emplace_back(message->view());
  }
  return messages;
}

void push(SendQueue& queue, std::string_view message) { queue.push(FrameHeader::of(message), Bytes(message)); }

std::string headerOf(uint64_t length) {
  const auto head = FrameHeader{length, 0}.encoded();
  return {head.data(), head.size()};
}

/// True if the reader refuses the stream as damaged.
bool isFoundDamaged(std::string_view stream, size_t piece) {
  FrameReader reader(1 << 20);
  try {
    (void)readAll(reader, stream, piece);
  } catch (const CorruptData& e) {
    return std::string_view(e.what()).starts_with("damaged on the wire");
  }
  return false;
}

}  // namespace

TEST_CASE("messages come out of their frames as they went in, however the stream is cut", "[rpc]") {
  const size_t piece = GENERATE(3, 1'000, 100'000, 100'000'000);
  std::mt19937 random(42);
  std::vector<std::string> sent;
  SendQueue queue;
  for (int i = 0; i < 300; ++i) {
    const size_t size = i % 50 == 0 ? 200'000 : random() % (i % 10 == 0 ? 20'000 : 200);
    sent.emplace_back(size, static_cast<char>(i));
    push(queue, sent.back());
  }
  FrameReader reader(1 << 20);
  const std::vector<std::string> got = readAll(reader, drain(queue, piece), piece);
  CHECK((got == sent));
  CHECK_FALSE(reader.isInsideFrame());
}

TEST_CASE("a frame is a length, the message's checksum, the checksum of these, and the message", "[rpc]") {
  SendQueue queue;
  push(queue, "abc");
  const std::string frame = drain(queue, 1'000);
  REQUIRE(frame.size() == 24 + 3);
  CHECK(frame.substr(0, 8) == std::string("\3\0\0\0\0\0\0\0", 8));
  CHECK(frame.substr(8, 8) == std::string("\x50\x39\x2f\x89\x94\x5f\xaf\x78", 8));  // XXH3 of "abc"
  CHECK(frame.substr(24) == "abc");
  push(queue, "");
  CHECK(drain(queue, 1'000).size() == 24);
}

TEST_CASE("any flipped bit of a frame is found, of its length too, and nothing waits for what will not come", "[rpc]") {
  const size_t piece = GENERATE(7, 1'000'000);
  SendQueue queue;
  push(queue, "an order of the driver");
  push(queue, std::string(20'000, 'x'));
  const std::string stream = drain(queue, 1'000'000);
  REQUIRE_FALSE(isFoundDamaged(stream, piece));
  size_t missed = 0;
  for (size_t bit = 0; bit < 8 * stream.size(); bit += bit < 8 * 100 ? 1 : 977) {
    std::string damaged = stream;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    missed += isFoundDamaged(damaged, piece) ? 0 : 1;
  }
  CHECK(missed == 0);
}

TEST_CASE("many small messages leave in few runs", "[rpc]") {
  SendQueue queue;
  for (int i = 0; i < 500; ++i) push(queue, std::string(100, 'x'));
  size_t runs = 0;
  queue.forFront(1'000, [&](std::span<const char>) { ++runs; });
  CHECK(runs == 1);
}

TEST_CASE("a frame over the limit is refused by its length alone", "[rpc]") {
  FrameReader reader(1'000);
  CHECK_THROWS_WITH(readAll(reader, headerOf(1'001), 100), Catch::Contains("over the limit"));
}

TEST_CASE("memory for a large message is taken as it arrives, not as announced", "[rpc]") {
  FrameReader reader(uint64_t{1} << 40);
  CHECK(readAll(reader, headerOf(uint64_t{1} << 40) + "some bytes", 1'000).empty());
  CHECK(reader.isInsideFrame());
  CHECK(reader.space()[0].size() <= 8 << 20);
}

TEST_CASE("a reader whose stream was discarded has its whole space again", "[rpc]") {
  FrameReader reader(1'000);
  const size_t whole = reader.space()[0].size();
  std::memset(reader.space()[0].data(), 0, whole);
  std::memcpy(reader.space()[0].data(), headerOf(900).data(), FrameHeader::kBytes);
  reader.received(500);
  (void)reader.next();
  reader.discard();
  CHECK(reader.space()[0].size() == whole);
  CHECK_FALSE(reader.isInsideFrame());
}

}  // namespace cerium::rpc
