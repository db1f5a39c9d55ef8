// Cerium. Licensed under the Apache License 2.0.
// Blocks sent from one process to another over the loopback network, with faults.
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <thread>

#include "base/rpc/loopback/loopback.h"
#include "executor/blocks/block_client.h"
#include "executor/blocks/block_server.h"
#include "executor/blocks/read_ahead.h"
#include "executor/blocks/remote_shuffle.h"
#include "executor/blocks/shuffle_store.h"
#include "tests/support/damage.h"
#include "tests/support/fake_services.h"
#include "tests/support/temp_folder.h"

namespace cerium {
namespace {

constexpr int kMaps = 5;

/// The failure of reading all of `segments`, or nothing.
template <class Segments>
std::optional<BlocksFailed> failureOf(Segments& segments) {
  try {
    while (segments.next(nullptr)) {
    }
  } catch (const BlocksFailed& e) {
    return e;
  }
  return std::nullopt;
}

/// Executor `holder`, which serves at `at`, has all outputs. The reader is executor 0.
RemoteShuffle::Where heldBy(int64_t holder, int maps, const rpc::Endpoint& at) {
  auto outputs = std::make_shared<protocol::ShuffleLocations>();
  outputs->executors.resize(static_cast<size_t>(maps), holder);
  outputs->checksums.resize(static_cast<size_t>(maps));
  return {ExecutorId(0), std::move(outputs), {{holder, at}}};
}

/// A connection that changes the server's messages; an empty message breaks the connection.
class ChangedConnection final : public rpc::Connection {
 public:
  using Change = std::function<bool(protocol::BlockPiece&)>;
  ChangedConnection(rpc::ConnectionPtr real, Change change) : real_(std::move(real)), change_(std::move(change)) {}

  void send(Bytes bytes) override {
    auto message = protocol::decode(bytes);
    if (!change_(std::get<protocol::BlockPiece>(message))) return real_->close();
    real_->send(protocol::encode(message));
  }
  void close() override { real_->close(); }
  [[nodiscard]] size_t queuedBytes() const override { return real_->queuedBytes(); }
  [[nodiscard]] uint64_t receivedBytes() const override { return real_->receivedBytes(); }
  [[nodiscard]] std::string peer() const override { return real_->peer(); }

 private:
  const rpc::ConnectionPtr real_;
  const Change change_;
};

/// A server with a shuffle of five maps and two reduce partitions, and a client, each with its own transport.
struct Fixture {
  Fixture() : memory(size_t{1} << 30), shuffles(memory) {
    for (int map = 0; map < kMaps; ++map) {
      MapOutput output(2);
      RecordBuffer<int64_t> records;
      for (int64_t i = 0; i < sizeOf(map); ++i) records.emplace_back(map * 1'000'000 + i);
      output.add(1, {TypedBlock::of(std::move(records)), nullptr}, {});
      shuffles.put(ShuffleId(3), map, std::move(output));
    }
    BlockSources sources;
    sources.shuffles = &shuffles;
    server = std::make_unique<BlockServer>(std::move(sources));
    at = serving->listen({"server", 1}, [this](const rpc::ConnectionPtr& real) {
      const auto changed = std::make_shared<ChangedConnection>(real, [this](auto& piece) { return change(piece); });
      const auto handlers = server->handlers();
      return rpc::Handlers{[=](const auto&, Bytes bytes) { handlers.onMessage(changed, std::move(bytes)); },
                           [=](const auto&, const std::string& why) { handlers.onClose(changed, why); }};
    });
  }
  ~Fixture() {
    client.reset();
    asking.reset();
    serving.reset();
  }
  /// The output of map 2 is larger than a piece (4 MiB).
  static int64_t sizeOf(int map) { return map == 2 ? 1'000'000 : 10 + map; }

  std::shared_ptr<RemoteStream> open(std::vector<int32_t> maps, int reduce = 1) {
    return client->open(at, {-1, protocol::OpenBlocks::kShuffle, 3, reduce, std::move(maps)}, nullptr);
  }
  static void checkSegment(const RemoteStream::Segment& segment, int map) {
    CHECK(segment.map == map);
    Reader in(*segment.content.bytes);
    REQUIRE(in.get<uint64_t>() == static_cast<uint64_t>(sizeOf(map)));
    bool same = true;
    for (int64_t i = 0; i < sizeOf(map); ++i) same = same && in.get<int64_t>() == map * 1'000'000 + i;
    CHECK(same);
  }

  /// Reads the outputs of all five maps in order and checks each.
  void checkAll(SegmentReader& reader) {
    for (int map = 0; map < kMaps; ++map) {
      auto segment = reader.next(nullptr);
      REQUIRE(segment);
      checkSegment(*segment, map);
    }
    CHECK_FALSE(reader.next(nullptr));
  }
  /// A reduce partition of the first map outputs.
  static ShuffleRange reduce(int reduce, int maps) { return {ShuffleId(3), reduce, reduce + 1, 0, maps, 2}; }
  SegmentReader reader() { return {*client, at, {-1, protocol::OpenBlocks::kShuffle, 3, 1, {0, 1, 2, 3, 4}}, nullptr}; }

  ChangedConnection::Change change = [](protocol::BlockPiece&) { return true; };
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

TEST_CASE("segments come whole, in the order asked for, also segments of many pieces", "[executor]") {
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

TEST_CASE("a missing map output is named", "[executor]") {
  Fixture f;
  auto stream = f.open({1, 77});
  const auto failure = failureOf(*stream);
  REQUIRE(failure);
  CHECK(failure->why == BlocksFailed::Why::kNotServed);
  CHECK(failure->map == 77);
}

TEST_CASE("a damaged or broken stream is fetched a second time from the place of the damage", "[executor]") {
  Fixture f;
  const int at = GENERATE(0, 1);  // of two pieces: maps 0, 1 and the beginning of 2, and the rest
  const bool breaks = GENERATE(false, true);
  std::atomic<int> pieces = 0;
  f.change = [&](protocol::BlockPiece& piece) {
    if (pieces++ != at) return true;
    piece.bytes.data()[piece.bytes.size() / 2] ^= 4;
    return !breaks;
  };
  auto reader = f.reader();
  f.checkAll(reader);
  CHECK(pieces > at);
}

TEST_CASE("a block that is damaged twice fails the read and names its map output only", "[executor]") {
  Fixture f;
  f.change = [](protocol::BlockPiece& piece) {
    size_t begin = 0;
    for (const auto& segment : piece.segments) {
      if (segment.map == 1) piece.bytes.data()[begin + segment.bytes - 1] ^= 64;
      begin += segment.bytes;
    }
    return true;
  };
  testing::FakeTask task(1 << 20);
  RemoteShuffle source(task.context, f.reduce(1, 3), heldBy(7, 3, f.at), {f.shuffles, *f.client});
  REQUIRE(source.next(task.context, 1));
  try {
    (void)source.next(task.context, 1);
    FAIL("a damaged segment was taken for a good one");
  } catch (const FetchFailed& e) {
    CHECK(e.map == 1);
    CHECK(e.source == ExecutorId(7));
    CHECK_THAT(e.what(), Catch::Contains("checksum"));
  }
}

TEST_CASE("a connection that breaks again and again ends the read, and one that breaks now and then does not",
          "[executor]") {
  Fixture f;
  std::atomic<int> pieces = 0;
  SECTION("again and again") {
    f.change = [](protocol::BlockPiece&) { return false; };
    auto reader = f.reader();
    const auto failure = failureOf(reader);
    REQUIRE(failure);
    CHECK(failure->why == BlocksFailed::Why::kBroken);
    CHECK(failure->map == -1);
  }
  SECTION("now and then") {
    f.change = [&](protocol::BlockPiece&) { return ++pieces % 3 != 0; };
    for (int round = 0; round < 4; ++round) {
      auto reader = f.reader();
      f.checkAll(reader);
    }
    CHECK(pieces > 8);
  }
}

TEST_CASE("a map output that changes while it is read is not taken for a continuation", "[executor]") {
  Fixture f;
  MapOutput two(2);
  for (int64_t value : {1, 2}) {
    RecordBuffer<int64_t> records;
    for (int i = 0; i < 600'000; ++i) records.emplace_back(value);
    two.add(1, {TypedBlock::of(std::move(records)), nullptr}, {});
  }
  f.shuffles.put(ShuffleId(9), 0, std::move(two));
  std::atomic<int> pieces = 0;
  f.change = [&](protocol::BlockPiece&) { return ++pieces != 3; };
  SegmentReader reader(*f.client, f.at, {-1, protocol::OpenBlocks::kShuffle, 9, 1, {0}}, nullptr);
  REQUIRE(reader.next(nullptr));
  const bool is_remade = GENERATE(true, false);
  if (is_remade) {
    MapOutput other(2);
    RecordBuffer<int64_t> records;
    records.emplace_back(3);
    other.add(1, {TypedBlock::of(std::move(records)), nullptr}, {});
    f.shuffles.put(ShuffleId(9), 0, std::move(other));
  }
  const auto failure = failureOf(reader);
  REQUIRE(failure.has_value() == is_remade);
  if (failure) CHECK(failure->map == 0);
}

TEST_CASE("spilled output whose bytes are bad on the disk is refused by its server, and the map named", "[executor]") {
  Fixture f;
  testing::TempFolder folder;
  auto disk = std::make_shared<SpillSpace>(std::vector<std::string>{folder.path()});
  f.shuffles.moveToDisk(disk);
  auto good = f.reader();
  f.checkAll(good);
  testing::flipBitsIn(folder.path());
  auto bad = f.reader();
  const auto failure = failureOf(bad);
  REQUIRE(failure);
  CHECK(failure->map == 0);
  CHECK_THAT(failure->what(), Catch::Contains("the disk is bad") && Catch::Contains(folder.path()));
  testing::FakeTask task(1 << 20);
  auto where = heldBy(4, 1, f.at);
  where.self = ExecutorId(4);
  RemoteShuffle source(task.context, f.reduce(1, 1), std::move(where), {f.shuffles, *f.client});
  try {
    (void)source.next(task.context, 1);
    FAIL("bad bytes were taken for good ones");
  } catch (const FetchFailed& e) {
    CHECK(e.map == 0);
    CHECK(e.source == ExecutorId(4));
    CHECK_THAT(e.what(), Catch::Contains("the disk is bad"));
  }
}

TEST_CASE("a block server survives exceptions of user code that encodes records", "[executor]") {
  BlockSources sources;
  sources.result = [](TaskId task) -> CheckedBytes {
    if (task.value == 1) throw 42;
    return CheckedBytes::of(Bytes("a result"));
  };
  const auto network = std::make_shared<rpc::LoopbackNetwork>();
  const auto serving = rpc::makeLoopbackTransport(network, {});
  const auto asking = rpc::makeLoopbackTransport(network, {});
  BlockServer server(std::move(sources));
  const auto at = serving->listen({"server", 1}, [&](const rpc::ConnectionPtr&) { return server.handlers(); });
  BlockClient client(*asking);
  CHECK_THROWS_AS(client.fetch(at, {-1, protocol::OpenBlocks::kResult, 1, 0, {}}, nullptr), BlocksFailed);
  CHECK(client.fetch(at, {-1, protocol::OpenBlocks::kResult, 2, 0, {}}, nullptr).bytes->view() == "a result");
}

TEST_CASE("tasks that wait to reach the same peer share one attempt", "[executor][fault]") {
  Fixture f;
  f.network->partition("server:1");
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::future<std::string>> tasks;
  for (int i = 0; i < 8; ++i) {
    tasks.push_back(std::async(std::launch::async, [&]() -> std::string {
      try {
        (void)f.open({0});
        return "reached";
      } catch (const IoError& e) {
        return e.what();
      }
    }));
  }
  for (auto& task : tasks) CHECK_THAT(task.get(), Catch::Contains("timed out"));
  // Eight attempts one after the other would take 32 s.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
  f.network->heal("server:1");
  CHECK(f.open({0})->next(nullptr));
}

TEST_CASE("a stream from an unreachable peer ends long before the peer would be given up", "[executor][fault]") {
  Fixture f;
  f.change = [&, first = true](protocol::BlockPiece&) mutable {
    if (std::exchange(first, false)) f.network->partition("server:1");
    return true;
  };
  auto stream = f.open({0, 2, 1});
  const auto failure = failureOf(*stream);
  REQUIRE(failure);
  CHECK(failure->why == BlocksFailed::Why::kGivenUp);
  CHECK_THAT(failure->what(), Catch::Contains("it sends nothing"));
}

TEST_CASE("a peer that dies ends its streams with an error", "[executor]") {
  Fixture f;
  auto before = f.open({0});
  REQUIRE(before->next(nullptr));
  f.network->setRule([](const rpc::LoopbackMessage& message) {
    return rpc::LoopbackFate{message.from == "server:1" ? 0 : 1, {}};  // the server's pieces get lost
  });
  auto waiting = f.open({2});
  f.serving.reset();
  CHECK_THROWS_AS(waiting->next(nullptr), Error);
}

TEST_CASE("a reader that waits for a given-up peer gets the reason at once", "[executor]") {
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
  auto again = f.open({1});  // another process listens there now
  REQUIRE(again->next(nullptr));
}

TEST_CASE("output of a map that was not asked for fails the read", "[executor]") {
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
              piece.segments = {{sent, 1, 1, hashBytes("x", 1), 1}};
              piece.bytes = Bytes("x");
              piece.last = true;
              to->send(protocol::encode(piece));
            },
            [](const rpc::ConnectionPtr&, const std::string&) {}};
  });
  testing::FakeTask task(1 << 20);
  RemoteShuffle source(task.context, f.reduce(1, 2), heldBy(7, 2, at), {f.shuffles, *f.client});
  if (sent == 9) {
    CHECK_THROWS_WITH(source.next(task.context, 1), Catch::Contains("map output 9"));
  } else {
    CHECK(source.next(task.context, 1));
    CHECK_FALSE(source.next(task.context, 1));
  }
}

TEST_CASE("a missing peer is an error that names it", "[executor]") {
  Fixture f;
  CHECK_THROWS_WITH(f.client->open({"nobody", 9}, {-1, protocol::OpenBlocks::kShuffle, 3, 1, {0}}, nullptr),
                    Catch::Contains("nobody:9"));
}

namespace {

/// Outputs of `maps` map tasks for `reduces` reduce partitions; map m has one record for partition r, 100 * r + m, and
/// none where (m + r) % 4 == 3.
void putGrid(ShuffleStore& shuffles, int maps, int reduces) {
  for (int map = 0; map < maps; ++map) {
    MapOutput output(reduces);
    for (int r = 0; r < reduces; ++r) {
      if ((map + r) % 4 == 3) continue;
      RecordBuffer<int64_t> records;
      records.emplace_back(100 * r + map);
      output.add(static_cast<size_t>(r), {TypedBlock::of(std::move(records)), nullptr}, {8, 1});
    }
    shuffles.put(ShuffleId(5), map, std::move(output));
  }
}

std::vector<int64_t> grid(const ShuffleRange& range) {
  std::vector<int64_t> values;
  for (int r = range.reduce_begin; r < range.reduce_end; ++r) {
    for (int map = range.map_begin; map < range.map_end; ++map) {
      if ((map + r) % 4 != 3) values.push_back(100 * r + map);
    }
  }
  return values;
}

std::vector<int64_t> valuesOf(SegmentSource& source) {
  std::vector<int64_t> values;
  while (auto segment = source.next()) {
    if (!segment->encoded) {
      values.push_back((*static_cast<const RecordBuffer<int64_t>*>(segment->block.records.get()))[0]);
      continue;
    }
    Reader in(*segment->encoded);
    REQUIRE(in.get<uint64_t>() == 1);
    values.push_back(in.get<int64_t>());
  }
  return values;
}

}  // namespace

TEST_CASE("a range of reduce partitions and of maps is read from here and from elsewhere, partition by partition",
          "[executor]") {
  Fixture f;
  putGrid(f.shuffles, 6, 5);
  testing::FakeTask task(1 << 20);
  auto where = heldBy(7, 6, f.at);
  auto outputs = std::make_shared<protocol::ShuffleLocations>(*where.outputs);
  outputs->executors[1] = outputs->executors[4] = 0;  // the reader's own
  where.outputs = outputs;
  for (const ShuffleRange& range :
       {ShuffleRange{ShuffleId(5), 0, 5, 0, 6, 5}, ShuffleRange{ShuffleId(5), 1, 4, 2, 5, 5},
        ShuffleRange{ShuffleId(5), 3, 4, 0, 6, 5}, ShuffleRange{ShuffleId(5), 2, 2, 0, 6, 5}}) {
    RemoteSegments segments(
        task.context,
        std::make_shared<RemoteShuffle>(task.context, range, where, RemoteShuffle::Stores{f.shuffles, *f.client}),
        range);
    CHECK(valuesOf(segments) == grid(range));
  }
}

TEST_CASE("a range is read on where it stood when the connection breaks", "[executor]") {
  Fixture f;
  constexpr int kReduces = 3;
  for (int map = 0; map < 3; ++map) {
    MapOutput output(kReduces);
    for (size_t r = 0; r < kReduces; ++r) {
      RecordBuffer<int64_t> records;
      for (int64_t i = 0; i < 400'000; ++i) records.emplace_back(static_cast<int64_t>(r) * 10 + map);
      output.add(r, {TypedBlock::of(std::move(records)), nullptr}, {});
    }
    f.shuffles.put(ShuffleId(9), map, std::move(output));
  }
  std::atomic<int> pieces = 0;
  const int broken = GENERATE(1, 2, 3, 5, 7);
  f.change = [&](protocol::BlockPiece&) { return ++pieces != broken; };
  SegmentReader reader(*f.client, f.at,
                       {.kind = protocol::OpenBlocks::kShuffle, .id = 9, .maps = {0, 1, 2}, .count = kReduces},
                       nullptr);
  for (int r = 0; r < kReduces; ++r) {
    for (int map = 0; map < 3; ++map) {
      auto segment = reader.next(nullptr);
      REQUIRE(segment);
      CHECK(segment->reduce == r);
      CHECK(segment->map == map);
      Reader in(*segment->content.bytes);
      REQUIRE(in.get<uint64_t>() == 400'000);
      CHECK(in.get<int64_t>() == r * 10 + map);
    }
  }
  CHECK_FALSE(reader.next(nullptr));
  CHECK(pieces > broken);
}

TEST_CASE("a map output that is missing in a range is a failed fetch of that map", "[executor]") {
  Fixture f;
  putGrid(f.shuffles, 2, 4);
  testing::FakeTask task(1 << 20);
  const ShuffleRange range{ShuffleId(5), 0, 4, 0, 3, 4};
  RemoteSegments segments(task.context,
                          std::make_shared<RemoteShuffle>(task.context, range, heldBy(7, 3, f.at),
                                                          RemoteShuffle::Stores{f.shuffles, *f.client}),
                          range);
  try {
    (void)valuesOf(segments);
    FAIL("a missing output was passed over");
  } catch (const FetchFailed& e) {
    CHECK(e.map == 2);
    CHECK(e.source == ExecutorId(7));
  }
}

TEST_CASE("tasks that follow each other share a stream and read their own partitions", "[executor]") {
  Fixture f;
  constexpr int kReduces = 6;
  putGrid(f.shuffles, 4, kReduces);
  testing::FakeTask task(1 << 20);
  int opened = 0;
  bool is_current = true;
  const ReadAhead::Sources sources{[&](const ShuffleRange& range) {
                                     ++opened;
                                     return std::make_shared<RemoteShuffle>(
                                         task.context, range, heldBy(7, 4, f.at),
                                         RemoteShuffle::Stores{f.shuffles, *f.client});
                                   },
                                   [&](const RemoteShuffle&) { return is_current; }};
  ReadAhead ahead;
  REQUIRE(ReadAhead::current() == &ahead);
  const auto partition = [](int reduce) { return ShuffleRange{ShuffleId(5), reduce, reduce + 1, 0, 4, kReduces}; };
  const auto begin = [&](int reduce, int attempt = 0) { ahead.taskBegins(StageId(1), attempt, kReduces - 1 - reduce); };
  const auto read = [&](int reduce) { return valuesOf(*ahead.open(task.context, partition(reduce), sources)); };
  const auto runFrom = [&](int first, int attempt = 0) {
    for (int r = first; r < kReduces; ++r) {
      begin(r, attempt);
      CHECK(read(r) == grid(partition(r)));
    }
  };
  SECTION("to the end") {
    runFrom(0);
    CHECK(opened == 1);
  }
  SECTION("also past partitions that another thread took, or that were not read to their end") {
    begin(0);
    CHECK(ahead.open(task.context, partition(0), sources)->next());
    runFrom(3);
    CHECK(opened == 1);
  }
  SECTION("not when a task reads the same partition twice, at once or later") {
    begin(0);
    const auto first = ahead.open(task.context, partition(0), sources);
    CHECK(read(0) == grid(partition(0)));
    CHECK(valuesOf(*first) == grid(partition(0)));
    CHECK(read(0) == grid(partition(0)));
    CHECK(opened == 3);
    runFrom(1);
  }
  SECTION("not when outputs have moved") {
    begin(0);
    CHECK(read(0) == grid(partition(0)));
    is_current = false;
    begin(1);
    CHECK(read(1) == grid(partition(1)));
    CHECK(opened == 2);
  }
  SECTION("not after a task whose read failed") {
    f.change = [](protocol::BlockPiece&) { return false; };
    begin(0);
    CHECK_THROWS_AS(read(0), FetchFailed);
    f.change = [](protocol::BlockPiece&) { return true; };
    runFrom(1);
    CHECK(opened == 2);
  }
  SECTION("not with another attempt of the stage") {
    begin(0);
    CHECK(read(0) == grid(partition(0)));
    runFrom(1, 1);
    CHECK(opened == 2);
  }
  SECTION("not for a range of maps that differs") {
    begin(0);
    CHECK(read(0) == grid(partition(0)));
    begin(1);
    ShuffleRange some = partition(1);
    some.map_begin = 2;
    CHECK(valuesOf(*ahead.open(task.context, some, sources)) == grid(some));
    CHECK(opened == 2);
  }
  CHECK(ahead.isOpen() == (kReduces > 1));
  ahead.close();
  CHECK_FALSE(ahead.isOpen());
}

}  // namespace cerium
