// Cerium. Licensed under the Apache License 2.0.
// Messages through Boost.Serialization: a byte for the kind, then the struct in a binary archive. Lists and texts go
// through bounded loaders, as the library's own would allocate what a hostile count says.
#include "base/protocol/messages.h"

#include <boost/archive/binary_iarchive_impl.hpp>
#include <boost/archive/binary_oarchive_impl.hpp>
#include <boost/archive/impl/archive_serializer_map.ipp>
#include <boost/archive/impl/basic_binary_iarchive.ipp>
#include <boost/archive/impl/basic_binary_iprimitive.ipp>
#include <boost/archive/impl/basic_binary_oarchive.ipp>
#include <boost/archive/impl/basic_binary_oprimitive.ipp>
#include <boost/serialization/level.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/tracking.hpp>
#include <streambuf>

#include "base/util/error.h"

namespace cerium::protocol {
namespace {

class BytesSink final : public std::streambuf {
 public:
  explicit BytesSink(Bytes& out) : out_(out) {}

 private:
  std::streamsize xsputn(const char* data, std::streamsize size) override {
    out_.append(data, static_cast<size_t>(size));
    return size;
  }
  int_type overflow(int_type c) override {
    const char byte = traits_type::to_char_type(c);
    out_.append(&byte, 1);
    return c;
  }
  Bytes& out_;
};

class BytesSource final : public std::streambuf {
 public:
  BytesSource(const char* data, size_t size) {
    char* begin = const_cast<char*>(data);
    setg(begin, begin, begin + size);
  }
  [[nodiscard]] size_t left() const { return static_cast<size_t>(egptr() - gptr()); }
};

class OutArchive final : public boost::archive::binary_oarchive_impl<OutArchive, char, std::char_traits<char>> {
 public:
  explicit OutArchive(BytesSink& sink) : binary_oarchive_impl(sink, boost::archive::no_header) {}
  void saveRaw(const void* data, size_t size) { this->save_binary(data, size); }
};

class InArchive final : public boost::archive::binary_iarchive_impl<InArchive, char, std::char_traits<char>> {
 public:
  explicit InArchive(BytesSource& source) : binary_iarchive_impl(source, boost::archive::no_header), source_(source) {}
  size_t count() {
    uint64_t n = 0;
    *this >> n;
    if (n > source_.left()) throw CorruptData("a message names more elements than it has bytes");
    return n;
  }
  void loadRaw(void* data, size_t size) { this->load_binary(data, size); }

 private:
  BytesSource& source_;
};

template <class T>
concept Plain = std::is_arithmetic_v<T>;

// One function a shape of field; `io(archive, a, b, ...)` saves or loads all of them.
template <Plain T>
void field(OutArchive& archive, const T& value) {
  archive << value;
}
template <Plain T>
void field(InArchive& archive, T& value) {
  archive >> value;
}
void field(OutArchive& archive, const std::string& text) {
  const uint64_t n = text.size();
  archive << n;
  archive.saveRaw(text.data(), n);
}
void field(InArchive& archive, std::string& text) {
  text.resize(archive.count());
  archive.loadRaw(text.data(), text.size());
}
void field(OutArchive& archive, const Bytes& bytes) {
  const uint64_t n = bytes.size();
  archive << n;
  archive.saveRaw(bytes.data(), n);
}
void field(InArchive& archive, Bytes& bytes) {
  const size_t n = archive.count();
  bytes.clear();
  archive.loadRaw(bytes.grow(n), n);
}
template <class T>
  requires std::is_class_v<T>
void field(OutArchive& archive, const T& value) { archive << value; }
template <class T>
  requires std::is_class_v<T>
void field(InArchive& archive, T& value) { archive >> value; }
template <class T>
void field(OutArchive& archive, const std::vector<T>& list) {
  const uint64_t n = list.size();
  archive << n;
  for (const T& each : list) field(archive, each);
}
template <class T>
void field(InArchive& archive, std::vector<T>& list) {
  list.clear();
  for (size_t n = archive.count(); n > 0; --n) field(archive, list.emplace_back());
}
void field(OutArchive& archive, const std::map<std::string, std::string>& map) {
  const uint64_t n = map.size();
  archive << n;
  for (const auto& [key, value] : map) {
    field(archive, key);
    field(archive, value);
  }
}
void field(InArchive& archive, std::map<std::string, std::string>& map) {
  map.clear();
  for (size_t n = archive.count(); n > 0; --n) {
    std::string key;
    field(archive, key);
    field(archive, map[key]);
  }
}

template <class Archive, class... Fields>
void io(Archive& archive, Fields&... fields) {
  (field(archive, fields), ...);
}

}  // namespace

// The fields of each struct, found by argument-dependent look-up from Boost.Serialization.
#define CERIUM_FIELDS(Struct, ...)                              \
  template <class Archive>                                      \
  void serialize(Archive& archive, Struct& m, const unsigned) { \
    io(archive, __VA_ARGS__);                                   \
  }
CERIUM_FIELDS(Peer, m.executor, m.host, m.port)
CERIUM_FIELDS(Hello, m.executor, m.build_id, m.host, m.block_port, m.cores, m.pid)
CERIUM_FIELDS(AccumulatorUpdate, m.id, m.cell)
CERIUM_FIELDS(TaskEnd, m.task, m.outcome, m.result, m.kept_bytes, m.map_bytes, m.accumulators, m.metrics, m.message,
              m.exception_type, m.call_site, m.shuffle, m.map, m.source)
CERIUM_FIELDS(TasksEnded, m.tasks)
CERIUM_FIELDS(Heartbeat, m.memory_used, m.disk_used)
CERIUM_FIELDS(BlockStatus, m.rdd, m.partition, m.present, m.memory, m.disk)
CERIUM_FIELDS(BlocksChanged, m.blocks)
CERIUM_FIELDS(BroadcastQuery, m.id)
CERIUM_FIELDS(BroadcastHeld, m.id)
CERIUM_FIELDS(BarrierEnter, m.stage, m.attempt, m.partition, m.task, m.message)
CERIUM_FIELDS(Welcome, m.application, m.memory_bytes, m.heartbeat_ms, m.local_dirs)
CERIUM_FIELDS(StageCode, m.stage, m.shuffle, m.num_partitions, m.code, m.properties)
CERIUM_FIELDS(PartitionData, m.rdd, m.partition, m.bytes)
CERIUM_FIELDS(TaskLaunch, m.task, m.stage, m.stage_attempt, m.partition, m.attempt, m.data)
CERIUM_FIELDS(ShuffleLocations, m.shuffle, m.epoch, m.executors)
CERIUM_FIELDS(CachedLocation, m.rdd, m.partition, m.executor)
CERIUM_FIELDS(LaunchTasks, m.peers, m.accumulators, m.shuffles, m.cached, m.stages, m.tasks)
CERIUM_FIELDS(KillTask, m.task, m.reason)
CERIUM_FIELDS(DropStages, m.stages)
CERIUM_FIELDS(DropShuffle, m.shuffle)
CERIUM_FIELDS(DropRdd, m.rdd)
CERIUM_FIELDS(DropBroadcast, m.id)
CERIUM_FIELDS(DropResult, m.task)
CERIUM_FIELDS(BroadcastInfo, m.id, m.known, m.bytes, m.chunk, m.holders)
CERIUM_FIELDS(BarrierRelease, m.task, m.failure, m.messages)
CERIUM_FIELDS(ReplicateBlock, m.rdd, m.partition, m.level, m.from)
CERIUM_FIELDS(AddedFiles, m.files)
CERIUM_FIELDS(Shutdown, m.reason)
CERIUM_FIELDS(OpenBlocks, m.request, m.kind, m.id, m.index, m.maps)
CERIUM_FIELDS(MoreBlocks, m.request)
CERIUM_FIELDS(BlockPiece::Segment, m.map, m.total, m.bytes)
CERIUM_FIELDS(BlockPiece, m.request, m.segments, m.last, m.failure, m.failed_map, m.encoded_form, m.bytes)
#undef CERIUM_FIELDS

}  // namespace cerium::protocol

// No object tracking and no class information per object: both sides run the same build, and the version is agreed on
// in the handshake.
#define CERIUM_PLAIN(Struct)                                                                      \
  BOOST_CLASS_IMPLEMENTATION(cerium::protocol::Struct, boost::serialization::object_serializable) \
  BOOST_CLASS_TRACKING(cerium::protocol::Struct, boost::serialization::track_never)
CERIUM_PLAIN(Peer)
CERIUM_PLAIN(Hello)
CERIUM_PLAIN(AccumulatorUpdate)
CERIUM_PLAIN(TaskEnd)
CERIUM_PLAIN(TasksEnded)
CERIUM_PLAIN(Heartbeat)
CERIUM_PLAIN(BlockStatus)
CERIUM_PLAIN(BlocksChanged)
CERIUM_PLAIN(BroadcastQuery)
CERIUM_PLAIN(BroadcastHeld)
CERIUM_PLAIN(BarrierEnter)
CERIUM_PLAIN(Welcome)
CERIUM_PLAIN(StageCode)
CERIUM_PLAIN(PartitionData)
CERIUM_PLAIN(TaskLaunch)
CERIUM_PLAIN(ShuffleLocations)
CERIUM_PLAIN(CachedLocation)
CERIUM_PLAIN(LaunchTasks)
CERIUM_PLAIN(KillTask)
CERIUM_PLAIN(DropStages)
CERIUM_PLAIN(DropShuffle)
CERIUM_PLAIN(DropRdd)
CERIUM_PLAIN(DropBroadcast)
CERIUM_PLAIN(DropResult)
CERIUM_PLAIN(BroadcastInfo)
CERIUM_PLAIN(BarrierRelease)
CERIUM_PLAIN(ReplicateBlock)
CERIUM_PLAIN(AddedFiles)
CERIUM_PLAIN(Shutdown)
CERIUM_PLAIN(OpenBlocks)
CERIUM_PLAIN(MoreBlocks)
CERIUM_PLAIN(BlockPiece::Segment)
CERIUM_PLAIN(BlockPiece)
#undef CERIUM_PLAIN

namespace cerium::protocol {
namespace {

template <size_t I = 0>
Message decodeKind(size_t kind, InArchive& archive) {
  if constexpr (I == std::variant_size_v<Message>) {
    throw CorruptData("a message is of kind " + std::to_string(kind) + ", which does not exist");
  } else {
    if (kind != I) return decodeKind<I + 1>(kind, archive);
    std::variant_alternative_t<I, Message> message;
    archive >> message;
    return message;
  }
}

}  // namespace

Bytes encode(const Message& message) {
  Bytes frame;
  const auto kind = static_cast<char>(message.index());
  frame.append(&kind, 1);
  BytesSink sink(frame);
  OutArchive archive(sink);
  std::visit([&](const auto& each) { archive << each; }, message);
  return frame;
}

Message decode(const Bytes& frame) {
  if (frame.empty()) throw CorruptData("a message is empty");
  BytesSource source(frame.data() + 1, frame.size() - 1);
  try {
    InArchive archive(source);
    Message message = decodeKind(static_cast<unsigned char>(*frame.data()), archive);
    if (source.left() > 0)
      throw CorruptData("a message is followed by " + std::to_string(source.left()) + " bytes more");
    return message;
  } catch (const boost::archive::archive_exception& e) {
    throw CorruptData(std::string("a message cannot be decoded: ") + e.what());
  }
}

}  // namespace cerium::protocol
