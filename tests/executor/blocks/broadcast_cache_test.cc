// Cerium. Licensed under the Apache License 2.0.
// The checks of an executor on a broadcast before it has the value.
#include "executor/blocks/broadcast_cache.h"

#include <catch2/catch.hpp>

#include "base/rpc/loopback/loopback.h"
#include "base/util/error.h"

namespace cerium {
namespace {

/// Fetches a broadcast of one chunk, "value", which is announced with `bytes` bytes in chunks of `chunk`.
std::string fetched(uint64_t bytes, uint64_t chunk) {
  const auto network = std::make_shared<rpc::LoopbackNetwork>();
  const auto serving = rpc::makeLoopbackTransport(network, {.secret = "s3cret"});
  const auto asking = rpc::makeLoopbackTransport(network, {.secret = "s3cret"});
  (void)serving->listen({"server", 1}, [](const rpc::ConnectionPtr&) {
    return rpc::Handlers{[](const rpc::ConnectionPtr& from, const Bytes& question) {
                           const auto message = protocol::decode(question);
                           const auto* open = std::get_if<protocol::OpenBlocks>(&message);
                           if (open == nullptr) return;
                           protocol::BlockPiece piece;
                           piece.request = open->request;
                           piece.segments = {{0, 5, 5, hashBytes("value", 5)}};
                           piece.last = true;
                           piece.bytes = Bytes("value");
                           from->send(protocol::encode(std::move(piece)));
                         },
                         [](const rpc::ConnectionPtr&, const std::string&) {}};
  });
  BlockClient client(*asking);
  BroadcastCache cache(client);
  return std::string(cache.fetch({1, bytes, chunk, {{0, "server", 1}}, "", ""})->view());
}

}  // namespace

TEST_CASE("a broadcast arrives as it was announced", "[executor][broadcast]") {
  CHECK(fetched(5, 8) == "value");
  CHECK(fetched(10, 5) == "valuevalue");
  CHECK(fetched(0, 8).empty());
}

TEST_CASE("a broadcast of another size than announced is corrupt data", "[executor][broadcast]") {
  CHECK_THROWS_AS(fetched(4, 8), CorruptData);
  CHECK_THROWS_AS(fetched(6, 8), CorruptData);
  CHECK_THROWS_AS(fetched(5, 0), CorruptData);
}

TEST_CASE("a broadcast with too many chunks is refused before memory is allocated", "[executor][broadcast]") {
  CHECK_THROWS_WITH(fetched(UINT64_MAX, 1), Catch::Contains("cerium.broadcast.blockSize"));
  CHECK_THROWS_AS(fetched(uint64_t{1} << 40, 2), CorruptData);
}

}  // namespace cerium
