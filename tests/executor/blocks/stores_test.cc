// Cerium. Licensed under the Apache License 2.0.
// The stores of an executor: cached blocks by level and in LRU order, and map output.
#include <catch2/catch.hpp>

#include "executor/blocks/block_store.h"
#include "executor/blocks/shuffle_store.h"
#include "tests/support/damage.h"
#include "tests/support/temp_folder.h"

namespace cerium {
namespace {

constexpr size_t kRecords = 1000;

CachedBlock blockOf(int64_t value) {
  RecordBuffer<int64_t> records;
  records.reserve(kRecords);
  for (size_t i = 0; i < kRecords; ++i) records.emplace_back(value);
  return CachedBlock::of(TypedBlock::of(std::move(records)));
}
CachedBlock encodedBlockOf(int64_t value) {
  return CachedBlock::of(std::vector<CachedPiece>{{CheckedBytes::of(blockOf(value).block.encoded()), nullptr}});
}
const size_t kBlock = blockOf(0).block.memory();

/// The value of all records; -1 if the block is missing.
int64_t valueIn(const std::optional<CachedBlock>& block) {
  if (!block) return -1;
  if (block->block.records) return static_cast<const RecordBuffer<int64_t>*>(block->block.records.get())->data()[0];
  const auto bytes = block->pieces.at(0).read().bytes;
  Reader in(*bytes);
  (void)in.get<uint64_t>();
  return in.get<int64_t>();
}

struct Fixture {
  explicit Fixture(size_t blocks)
      : memory(blocks * kBlock + kBlock / 2),
        disk(std::make_shared<SpillSpace>(std::vector<std::string>{"/tmp"})),
        store(memory, disk, [this](const BlockChange& change) { changes.push_back(change); }) {
    memory.setEvictor([this](size_t wanted) { store.evict(wanted); });
  }
  MemoryManager memory;
  std::shared_ptr<SpillSpace> disk;
  std::vector<BlockChange> changes;
  BlockStore store;
};

}  // namespace

TEST_CASE("the least recently used block goes first", "[executor]") {
  Fixture f(3);
  for (int rdd = 0; rdd < 3; ++rdd) REQUIRE(f.store.put(RddId(rdd), 0, MEMORY_ONLY, blockOf(rdd)));
  CHECK(valueIn(f.store.find(RddId(0), 0)) == 0);  // now RDD 1's is the oldest
  REQUIRE(f.store.put(RddId(3), 0, MEMORY_ONLY, blockOf(3)));
  CHECK(valueIn(f.store.find(RddId(0), 0)) == 0);
  CHECK(valueIn(f.store.find(RddId(1), 0)) == -1);
  CHECK(valueIn(f.store.find(RddId(3), 0)) == 3);
  REQUIRE(f.changes.size() == 5);
  CHECK_FALSE(f.changes[3].present);
  CHECK(f.changes[3].rdd == RddId(1));
  CHECK(f.memory.used() <= f.memory.budget());
}

TEST_CASE("a block does not push out another of its own RDD", "[executor]") {
  Fixture f(2);
  REQUIRE(f.store.put(RddId(1), 0, MEMORY_ONLY, blockOf(10)));
  REQUIRE(f.store.put(RddId(1), 1, MEMORY_ONLY, blockOf(11)));
  CHECK_FALSE(f.store.put(RddId(1), 2, MEMORY_ONLY, blockOf(12)));
  CHECK(valueIn(f.store.find(RddId(1), 0)) == 10);
  CHECK(valueIn(f.store.find(RddId(1), 2)) == -1);
}

TEST_CASE("a level with disk moves blocks there that do not fit into memory, and reads them back", "[executor]") {
  Fixture f(1);
  for (int rdd = 0; rdd < 5; ++rdd) REQUIRE(f.store.put(RddId(rdd), 0, MEMORY_AND_DISK, blockOf(rdd)));
  for (int rdd = 0; rdd < 5; ++rdd) CHECK(valueIn(f.store.find(RddId(rdd), 0)) == rdd);
  CHECK(f.disk->bytesInUse() > 0);
  for (int rdd = 0; rdd < 5; ++rdd) f.store.dropRdd(RddId(rdd));
  CHECK(f.memory.used() == 0);
  CHECK(f.disk->bytesInUse() == 0);
}

TEST_CASE("each level keeps a block where it says", "[executor]") {
  Fixture f(4);
  REQUIRE(f.store.put(RddId(0), 0, DISK_ONLY, blockOf(5)));
  CHECK(f.memory.used() == 0);
  CHECK(f.disk->bytesInUse() > 0);
  REQUIRE(f.store.put(RddId(1), 0, MEMORY_ONLY_SER, encodedBlockOf(6)));
  CHECK(valueIn(f.store.find(RddId(1), 0)) == 6);
  CHECK(valueIn(f.store.find(RddId(0), 0)) == 5);
  CHECK(valueIn(f.store.find(RddId(1), 0)) == 6);
}

TEST_CASE("different outputs of a map task are kept side by side, and equal ones replace each other", "[executor]") {
  MemoryManager memory(size_t{1} << 20);
  const auto output = [&](int64_t value, uint64_t checksum) {
    MapOutput made(2);
    made.add(1, {blockOf(value).block, nullptr}, {});
    REQUIRE(memory.tryReserve(kBlock));
    made.reserved = kBlock;
    made.checksum = checksum;
    return made;
  };
  ShuffleStore store(memory);
  const auto value = [&](std::optional<uint64_t> checksum) {
    return valueIn(CachedBlock::of(store.find(ShuffleId(7), 0, 1, checksum)->front().block));
  };
  store.put(ShuffleId(7), 0, output(1, 100));
  const auto segments = store.find(ShuffleId(7), 0, 1);
  REQUIRE(segments);
  store.put(ShuffleId(7), 0, output(2, 200));
  CHECK(memory.used() == 2 * kBlock);
  CHECK(value(100) == 1);
  CHECK(value(200) == 2);
  CHECK(value(std::nullopt) == 2);
  store.put(ShuffleId(7), 0, output(3, 100));  // made again, because the bytes of the first were damaged
  CHECK(memory.used() == 2 * kBlock);
  CHECK(value(100) == 3);
  CHECK(value(std::nullopt) == 3);
  CHECK(store.find(ShuffleId(7), 0, 1, 300) == nullptr);
  CHECK(store.find(ShuffleId(7), 0, 0)->empty());
  CHECK(store.find(ShuffleId(7), 1, 0) == nullptr);
  CHECK(store.find(ShuffleId(7), 0, 2) == nullptr);
  store.drop(ShuffleId(7));
  CHECK(memory.used() == 0);
  CHECK(store.find(ShuffleId(7), 0, 1) == nullptr);
  CHECK(valueIn(CachedBlock::of(segments->front().block)) == 1);  // a reader in the midst of it may go on
}

TEST_CASE("output of the oldest shuffle goes to disk first, and no more of it than is wanted", "[executor]") {
  testing::TempFolder folder;
  MemoryManager memory(size_t{1} << 20);
  auto disk = std::make_shared<SpillSpace>(std::vector<std::string>{folder.path()});
  ShuffleStore store(memory);
  for (int64_t shuffle = 1; shuffle <= 3; ++shuffle) {
    MapOutput made(1);
    made.add(0, {blockOf(shuffle).block, nullptr}, {});
    REQUIRE(memory.tryReserve(kBlock));
    made.reserved = kBlock;
    store.put(ShuffleId(shuffle), 0, std::move(made));
  }
  store.evict(kBlock + 1, disk);
  CHECK(memory.used() == kBlock);
  CHECK(store.find(ShuffleId(1), 0, 0)->front().spilled != nullptr);
  CHECK(store.find(ShuffleId(2), 0, 0)->front().spilled != nullptr);
  const auto newest = store.find(ShuffleId(3), 0, 0);
  CHECK(newest->front().spilled == nullptr);
  CHECK(valueIn(CachedBlock::of(newest->front().block)) == 3);
  store.evict(size_t{1} << 20, disk);
  CHECK(memory.used() == 0);
  store.drop(ShuffleId(1));
  store.drop(ShuffleId(2));
  store.drop(ShuffleId(3));
  CHECK(disk->bytesInUse() == 0);
}

TEST_CASE("a cached block that is bad on the disk is dropped, and its loss told", "[executor]") {
  testing::TempFolder folder;
  MemoryManager memory(8 * kBlock);
  std::vector<BlockChange> changes;
  BlockStore store(memory, std::make_shared<SpillSpace>(std::vector<std::string>{folder.path()}),
                   [&](const BlockChange& change) { changes.push_back(change); });
  REQUIRE(store.put(RddId(1), 3, DISK_ONLY, blockOf(5)));
  testing::flipBitsIn(folder.path());
  CHECK(valueIn(store.find(RddId(1), 3)) == -1);
  REQUIRE(changes.size() == 2);
  CHECK(changes[1].rdd == RddId(1));
  CHECK(changes[1].partition == 3);
  CHECK_FALSE(changes[1].present);
  REQUIRE(store.put(RddId(1), 3, DISK_ONLY, blockOf(6)));
  CHECK(valueIn(store.find(RddId(1), 3)) == 6);
}

TEST_CASE("a cached block whose bytes changed in memory is dropped, and its memory given back", "[executor]") {
  Fixture f(2);
  REQUIRE(f.store.put(RddId(1), 0, MEMORY_ONLY_SER, encodedBlockOf(5)));
  const auto held = f.store.find(RddId(1), 0);
  REQUIRE(held);
  const_cast<char*>(held->pieces.at(0).encoded.bytes->data())[100] ^= 1;
  CHECK_FALSE(f.store.find(RddId(1), 0));
  CHECK(f.memory.used() == 0);
  CHECK_FALSE(f.changes.back().present);
}

TEST_CASE("a cached block keeps its writer's checksum when it moves to disk", "[executor]") {
  Fixture f(1);
  REQUIRE(f.store.put(RddId(1), 0, MEMORY_AND_DISK_SER, encodedBlockOf(5)));
  const auto held = f.store.find(RddId(1), 0);
  // The byte changes after the block was written and before it goes to disk.
  const_cast<char*>(held->pieces.at(0).encoded.bytes->data())[100] ^= 1;
  REQUIRE(f.store.put(RddId(2), 0, MEMORY_AND_DISK_SER, encodedBlockOf(6)));
  REQUIRE(f.disk->bytesInUse() > 0);
  CHECK_FALSE(f.store.find(RddId(1), 0));
}

namespace {

constexpr size_t kLarge = size_t{40} << 20;  // a charged size; the real output is far smaller

/// A store of map outputs that are charged with more than they take.
struct LargeOutputs {
  testing::TempFolder folder;
  MemoryManager memory{size_t{1} << 30};
  std::shared_ptr<SpillSpace> disk = std::make_shared<SpillSpace>(std::vector<std::string>{folder.path()});
  ShuffleStore store{memory};

  /// Puts the only map output of a shuffle: the block of its number in reduce partition 0.
  void put(int64_t shuffle, int reduces, size_t charged) {
    MapOutput made(reduces);
    made.add(0, {blockOf(shuffle).block, nullptr}, {});
    memory.reserveAnyway(charged);
    made.reserved = charged;
    store.put(ShuffleId(shuffle), 0, std::move(made));
  }
};

}  // namespace

TEST_CASE("output that was read leaves memory once two later shuffles were read", "[executor]") {
  LargeOutputs f;
  auto& memory = f.memory;
  auto& store = f.store;
  const auto read = [&](int64_t shuffle) {
    for (int reduce = 0; reduce < 2; ++reduce) (void)store.find(ShuffleId(shuffle), 0, reduce);
    store.evictCold(f.disk);
  };
  const auto is_in_memory = [&](int64_t shuffle) {
    return store.find(ShuffleId(shuffle), 0, 0)->front().spilled == nullptr;
  };
  f.put(1, 2, 1000);  // too little to be moved to disk alone
  for (int64_t shuffle = 2; shuffle <= 5; ++shuffle) f.put(shuffle, 2, kLarge);
  (void)store.find(ShuffleId(5), 0, 0);  // its other half is still to be read
  for (int64_t shuffle = 1; shuffle <= 3; ++shuffle) read(shuffle);
  CHECK(memory.used() == 1000 + 4 * kLarge);
  read(4);
  CHECK(memory.used() == 3 * kLarge);
  CHECK_FALSE(is_in_memory(1));
  CHECK_FALSE(is_in_memory(2));
  CHECK(is_in_memory(3));
  CHECK(is_in_memory(4));
  const auto spilled = store.find(ShuffleId(2), 0, 0)->front().spilled;
  CHECK(valueIn(CachedBlock::of(std::vector<CachedPiece>{{{}, spilled}})) == 2);
  store.drop(ShuffleId(3));
  CHECK(memory.used() == 2 * kLarge);
}

TEST_CASE("output leaves memory once it was read by tasks that cache what they compute from it", "[executor]") {
  LargeOutputs f;
  auto& memory = f.memory;
  auto& store = f.store;
  f.put(7, 2, kLarge);
  const auto read = [&](int reduce) {
    (void)store.find(ShuffleId(7), 0, reduce);
    store.evictCold(f.disk);
  };
  read(0);
  store.markReadOnce(ShuffleId(7));
  store.evictCold(f.disk);
  CHECK(memory.used() == kLarge);  // the other half is still to be read
  SECTION("the last reader reads after the first has cached") { read(1); }
  SECTION("all have read before the first has cached") {
    store.drop(ShuffleId(7));
    f.put(7, 1, kLarge);
    read(0);
    CHECK(memory.used() == kLarge);
    store.markReadOnce(ShuffleId(7));
    store.evictCold(f.disk);
  }
  CHECK(memory.used() == 0);
  const auto spilled = store.find(ShuffleId(7), 0, 0)->front().spilled;
  CHECK(valueIn(CachedBlock::of(std::vector<CachedPiece>{{{}, spilled}})) == 7);
}

}  // namespace cerium
