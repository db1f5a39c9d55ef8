// Cerium. Licensed under the Apache License 2.0.
// Frames without sockets: what SendQueue puts on the wire and FrameReader makes of it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "base/rpc/tcp/frame_reader.h"
#include "base/rpc/tcp/send_queue.h"
#include "base/util/error.h"

namespace cerium::rpc {

namespace {

/// Everything in the queue, taken in pieces of at most `piece` bytes.
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

/// Gives `stream` to the reader in pieces of at most `piece` bytes.
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

}  // namespace

TEST_CASE("messages come out of their frames as they went in, however the stream is cut", "[rpc]") {
  const size_t piece = GENERATE(3, 1'000, 100'000, 100'000'000);
  std::mt19937 random(42);
  std::vector<std::string> sent;
  SendQueue queue;
  for (int i = 0; i < 300; ++i) {
    const size_t size = i % 50 == 0 ? 200'000 : random() % (i % 10 == 0 ? 20'000 : 200);
    sent.emplace_back(size, static_cast<char>(i));
    queue.push(Bytes(sent.back()));
  }
  FrameReader reader(1 << 20);
  const std::vector<std::string> got = readAll(reader, drain(queue, piece), piece);
  CHECK((got == sent));
  CHECK_FALSE(reader.isInsideFrame());
}

TEST_CASE("a frame is an 8-byte little-endian length and the message", "[rpc]") {
  SendQueue queue;
  queue.push(Bytes("abc"));
  queue.push(Bytes());
  CHECK(drain(queue, 1'000) == std::string("\3\0\0\0\0\0\0\0abc\0\0\0\0\0\0\0\0", 19));
}

TEST_CASE("many small messages leave in few runs", "[rpc]") {
  SendQueue queue;
  for (int i = 0; i < 600; ++i) queue.push(Bytes(std::string(100, 'x')));
  size_t runs = 0;
  queue.forFront(1'000, [&](std::span<const char>) { ++runs; });
  CHECK(runs == 1);
}

TEST_CASE("a frame over the limit is refused by its length alone", "[rpc]") {
  FrameReader reader(1'000);
  const std::string length("\xe9\3\0\0\0\0\0\0", 8);  // 1,001
  CHECK_THROWS_AS(readAll(reader, length, 100), CorruptData);
}

TEST_CASE("memory for a large message is taken as it arrives, not as announced", "[rpc]") {
  FrameReader reader(uint64_t{1} << 40);
  const std::string length("\0\0\0\0\0\1\0\0", 8);  // 2^40
  CHECK(readAll(reader, length + "some bytes", 1'000).empty());
  CHECK(reader.isInsideFrame());
  CHECK(reader.space()[0].size() <= 8 << 20);
}

TEST_CASE("a reader whose stream was discarded has its whole space again", "[rpc]") {
  FrameReader reader(1'000);
  const size_t whole = reader.space()[0].size();
  std::memset(reader.space()[0].data(), 0, whole);
  reader.received(whole);
  (void)reader.next();
  reader.discard();
  CHECK(reader.space()[0].size() == whole);
  CHECK_FALSE(reader.isInsideFrame());
}

}  // namespace cerium::rpc
