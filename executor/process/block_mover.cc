// Cerium. Licensed under the Apache License 2.0.
#include "executor/process/block_mover.h"

#include <map>
#include <utility>

#include "base/util/exception_text.h"
#include "base/util/log.h"
#include "executor/blocks/segment_reader.h"

namespace cerium {

BlockMover::BlockMover(Executor& executor, BlockClient& client, std::function<void(protocol::Message)> tell)
    : executor_(executor), client_(client), tell_(std::move(tell)) {}

void BlockMover::add(protocol::AdoptShuffle order) {
  thread_.run([this, order = std::move(order)] { adopt(order); });
}
void BlockMover::add(protocol::ReplicateBlock order) {
  thread_.run([this, order = std::move(order)] { copy(order); });
}
void BlockMover::add(protocol::Retire) {
  thread_.run([this] { retire(); });
}

void BlockMover::adopt(const protocol::AdoptShuffle& order) {
  protocol::ShuffleAdopted answer{order.shuffle, order.maps, order.from.executor, {}};
  try {
    std::map<int, MapOutput> outputs;
    for (size_t i = 0; i < order.maps.size(); ++i) {
      MapOutput output(order.num_reduces);
      output.checksum = order.checksums.at(i);
      outputs.emplace(order.maps[i], std::move(output));
    }
    SegmentReader reader(client_, {order.from.host, order.from.port},
                         {.kind = protocol::OpenBlocks::kShuffle,
                          .id = order.shuffle,
                          .maps = order.maps,
                          .checksums = order.checksums,
                          .count = order.num_reduces},
                         nullptr);
    while (auto segment = reader.next(nullptr)) {
      if (segment->reduce < 0 || segment->reduce >= order.num_reduces)
        throw CorruptData("a block server sent a reduce partition that does not exist");
      outputs.at(segment->map)
          .add(static_cast<size_t>(segment->reduce), {{}, spill(executor_.spillSpace(), segment->content)}, {});
    }
    for (auto& [map, output] : outputs) executor_.shuffles().put(ShuffleId(order.shuffle), map, std::move(output));
  } catch (...) {
    answer.failure = currentExceptionText().str();
  }
  tell_(std::move(answer));
}

void BlockMover::copy(const protocol::ReplicateBlock& order) {
  const rpc::Endpoint peer{order.from.host, order.from.port};
  bool is_kept = false;
  try {
    is_kept = executor_.cacheBlock(RddId(order.rdd), order.partition, static_cast<StorageLevel>(order.level),
                                   client_.fetchCached(peer, RddId(order.rdd), order.partition, nullptr));
  } catch (...) {
    log::info("partition {} of RDD {} could not be copied from {}: {}", order.partition, order.rdd, peer.str(),
              currentExceptionText().str());
  }
  // An executor that leaves may be waiting for this copy, so the driver hears that there will be none. (A task may have
  // cached the block meanwhile.)
  if (!is_kept && !executor_.blocks().find(RddId(order.rdd), order.partition))
    tell_(protocol::BlocksChanged{{{order.rdd, order.partition, false, 0, 0}}});
}

void BlockMover::retire() {
  try {
    executor_.blocks().dropAll();
    executor_.shuffles().moveToDisk(executor_.spillSpace());
  } catch (...) {
    log::warn("shuffle output stays in memory: {}", currentExceptionText().str());
  }
  tell_(protocol::Retired{});
}

}  // namespace cerium
