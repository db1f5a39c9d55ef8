// Cerium. Licensed under the Apache License 2.0.
// Blocks on their way from one process to another, over the loopback network with its faults.
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <thread>

#include "base/rpc/loopback/loopback.h"
#include "executor/block_client.h"
#include "executor/block_server.h"
#include "executor/remote_shuffle.h"
#include "executor/shuffle_store.h"
#include "tests/support/fake_services.h"

namespace cerium {
namespace {

constexpr int kMaps = 5;

/// A server with a shuffle of five maps and two reduce partitions, and a client, each with a transport of its own.
struct Fixture {
  Fixture() : memory(size_t{1} << 30), shuffles(memory) {
    for (int map = 0; map < kMaps; ++map) {
      MapOutput output(2);
      RecordBuffer<int64_t> records;
      for (int64_t i = 0; i < sizeOf(map); ++i) records.emplace_back(map * 1'000'000 + i);
      output.add(1, {TypedBlock::of(std::move(records)), nullptr}, 0, 0);
      shuffles.put(ShuffleId(3), map, std::move(output));
    }
    BlockSources sources;
    sources.shuffles = &shuffles;
    server = std::make_unique<BlockServer>(std::move(sources));
    at = serving->listen({"server", 1}, [this](const rpc::ConnectionPtr&) { return server->handlers(); });
  }
  ~Fixture() {
    client.reset();
    asking.reset();
    serving.reset();
  }
  /// The third is larger than a piece (4 MiB).
  static int64_t sizeOf(int map) { return map == 2 ? 1'000'000 : 10 + map; }

  std::shared_ptr<RemoteStream> open(std::vector<int32_t> maps, int reduce = 1) {
    return client->open(at, {-1, protocol::OpenBlocks::kShuffle, 3, reduce, std::move(maps)}, nullptr);
  }
  static void checkSegment(const RemoteStream::Segment& segment, int map) {
    CHECK(segment.map == map);
    Reader in(*segment.bytes);
    REQUIRE(in.get<uint64_t>() == static_cast<uint64_t>(sizeOf(map)));
    bool same = true;
    for (int64_t i = 0; i < sizeOf(map); ++i) same = same && in.get<int64_t>() == map * 1'000'000 + i;
    CHECK(same);
  }

  MemoryManager memory;
  ShuffleStore shuffles;
  std::shared_ptr<rpc::LoopbackNetwork> network = std::make_shared<rpc::LoopbackNetwork>();
  std::unique_ptr<rpc::Transport> serving = rpc::makeLoopbackTransport(network, {});
  std::unique_ptr<rpc::Transport> asking = rpc::makeLoopbackTransport(network, {});
  std::unique_ptr<BlockServer> server;
  std::unique_ptr<BlockClient> client = std::make_unique<BlockClient>(*asking);
  rpc::Endpoint at;
};

}  // namespace

TEST_CASE("segments come whole, in the order asked for, also those of many pieces", "[executor]") {
  Fixture f;
  auto stream = f.open({4, 2, 0, 3, 1});
  for (int map : {4, 2, 0, 3, 1}) {
    auto segment = stream->next(nullptr);
    REQUIRE(segment);
    Fixture::checkSegment(*segment, map);
  }
  CHECK_FALSE(stream->next(nullptr));
}

TEST_CASE("several streams on one connection do not mix", "[executor]") {
  Fixture f;
  auto a = f.open({0, 2, 1});
  auto b = f.open({2, 1});
  for (int round = 0; round < 2; ++round) {
    auto from_a = a->next(nullptr);
    auto from_b = b->next(nullptr);
    REQUIRE(from_a);
    REQUIRE(from_b);
    Fixture::checkSegment(*from_a, round == 0 ? 0 : 2);
    Fixture::checkSegment(*from_b, round == 0 ? 2 : 1);
  }
}

TEST_CASE("a map output that is not there is named", "[executor]") {
  Fixture f;
  auto stream = f.open({1, 77});
  REQUIRE_THROWS_AS(
      [&] {
        while (stream->next(nullptr)) {
        }
      }(),
      Error);
  CHECK(stream->failedMap() == 77);
}

TEST_CASE("a peer that dies ends its streams with an error", "[executor]") {
  Fixture f;
  auto before = f.open({0});
  REQUIRE(before->next(nullptr));
  f.network->setRule([](const rpc::LoopbackMessage& message) {
    return rpc::LoopbackFate{message.from == "server:1" ? 0 : 1, {}};  // its pieces get lost
  });
  auto waiting = f.open({2});
  f.serving.reset();
  CHECK_THROWS_AS(waiting->next(nullptr), Error);
}

TEST_CASE("who waits for a peer that is given up hears why at once", "[executor]") {
  Fixture f;
  auto first = f.open({0});
  REQUIRE(first->next(nullptr));
  f.network->partition("server:1");
  SECTION("in the middle of a stream") {
    auto waiting = f.open({2});
    std::thread driver([&] { f.client->giveUp(f.at, "its machine is gone"); });
    CHECK_THROWS_WITH(waiting->next(nullptr), Catch::Contains("its machine is gone"));
    driver.join();
  }
  SECTION("while it connects") {
    f.client = std::make_unique<BlockClient>(*f.asking);
    auto waiting = std::async(std::launch::async, [&] { return f.open({2}); });
    while (waiting.wait_for(std::chrono::milliseconds(1)) == std::future_status::timeout) {
      f.client->giveUp(f.at, "its machine is gone");
    }
    CHECK_THROWS_WITH(waiting.get(), Catch::Contains("its machine is gone"));
  }
  f.network->heal("server:1");
  auto again = f.open({1});  // what listens there now is another process
  REQUIRE(again->next(nullptr));
}

TEST_CASE("output of a map that was not asked for fails the read and is not left out quietly", "[executor]") {
  Fixture f;
  const int sent = GENERATE(1, 9);
  auto liar = rpc::makeLoopbackTransport(f.network, {});
  const auto at = liar->listen({"liar", 1}, [sent](const rpc::ConnectionPtr&) -> rpc::Handlers {
    return {[sent](const rpc::ConnectionPtr& to, const Bytes& bytes) {
              const auto message = protocol::decode(bytes);
              const auto* open = std::get_if<protocol::OpenBlocks>(&message);
              if (open == nullptr) return;
              protocol::BlockPiece piece;
              piece.request = open->request;
              piece.segments = {{sent, 1, 1}};
              piece.bytes = Bytes("x");
              piece.last = true;
              to->send(protocol::encode(piece));
            },
            [](const rpc::ConnectionPtr&, const std::string&) {}};
  });
  testing::FakeTask task(1 << 20);
  RemoteShuffle source(task.context, ShuffleId(3), 1, {ExecutorId(0), {7, 7}, {0, 0}, {{7, at}}}, f.shuffles, *f.client);
  if (sent == 9) {
    CHECK_THROWS_WITH(source.next(), Catch::Contains("output of map 9"));
  } else {
    CHECK(source.next());
    CHECK_FALSE(source.next());
  }
}

TEST_CASE("a peer that is not there is an error that names it", "[executor]") {
  Fixture f;
  CHECK_THROWS_WITH(f.client->open({"nobody", 9}, {-1, protocol::OpenBlocks::kShuffle, 3, 1, {0}}, nullptr),
                    Catch::Contains("nobody:9"));
}

}  // namespace cerium
