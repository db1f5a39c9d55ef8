// Cerium. Licensed under the Apache License 2.0.
#include "executor/blocks/block_client.h"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>

#include "base/util/exception_text.h"
#include "executor/blocks/segment_reader.h"
#include "rdd/task_context.h"

namespace cerium {
namespace {
// A live peer answers within milliseconds; heartbeats detect a dead one long before this limit.
constexpr auto kSilenceLimit = std::chrono::seconds(60);
// After this silence the client checks whether the peer can be reached: a network that drops packets looks the same as
// a slow peer.
constexpr auto kDoubt = std::chrono::seconds(5);
constexpr auto kLookAround = std::chrono::milliseconds(100);
constexpr int kPiecesAhead = 2;
// Only a network that drops packets takes this long.
constexpr int kConnectMs = 4'000;
constexpr const char* kStopped = "told to stop while it waited for blocks";
}  // namespace

/// A mutex that is tried for a while. (ThreadSanitizer of g++ 12 does not know how std::timed_mutex waits.)
class BlockClient::Turn {
 public:
  template <class Rep, class Period>
  bool try_lock_for(std::chrono::duration<Rep, Period> wait) {
    MutexLock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + wait;
    while (is_taken_ && given_back_.waitUntil(mutex_, until)) {
    }
    if (is_taken_) return false;
    is_taken_ = true;
    return true;
  }
  void unlock() {
    MutexLock lock(mutex_);
    is_taken_ = false;
    given_back_.notifyOne();
  }

 private:
  Mutex mutex_;
  CondVar given_back_;
  bool is_taken_ CERIUM_GUARDED_BY(mutex_) = false;
};

/// A connection and its streams.
struct BlockClient::Peer {
  using Clock = std::chrono::steady_clock;

  Turn connecting;  ///< Held while a connection is made, so that a slow peer delays no other peer.
  Mutex mutex;
  rpc::ConnectionPtr connection CERIUM_GUARDED_BY(mutex);
  std::string gone CERIUM_GUARDED_BY(mutex);  // the reason, once the peer is given up
  std::unordered_map<int64_t, std::shared_ptr<RemoteStream>> streams CERIUM_GUARDED_BY(mutex);
  Clock::time_point tried CERIUM_GUARDED_BY(mutex);  // When the last attempt to connect ended
  std::string failure CERIUM_GUARDED_BY(mutex);      // Why it failed; empty: it succeeded

  /// Readers that waited for an attempt share its result instead of trying again.
  void noteAttempt(const std::string& how) {
    MutexLock lock(mutex);
    tried = Clock::now();
    failure = how;
  }
  /// Throws if the peer is given up or an attempt since `since` failed. Returns false if there was no attempt since
  /// then.
  bool wasTriedSince(Clock::time_point since) {
    MutexLock lock(mutex);
    if (!gone.empty()) throw IoError(gone);
    if (tried < since) return false;
    if (!failure.empty()) throw IoError(failure);
    return true;
  }

  void deliver(Bytes bytes) {
    auto message = protocol::decode(bytes);
    auto* piece = std::get_if<protocol::BlockPiece>(&message);
    if (piece == nullptr) throw CorruptData("a block server sent a message that is not a block");
    std::shared_ptr<RemoteStream> stream;
    {
      MutexLock lock(mutex);
      auto found = streams.find(piece->request);
      if (found == streams.end()) return;
      stream = found->second;
      if (piece->last) streams.erase(found);
    }
    stream->deliver(std::move(*piece));
  }

  /// Closes the connection `which` (null: the current one) and fails its streams.
  void end(const rpc::ConnectionPtr& which, BlocksFailed::Why why, const std::string& reason) {
    std::unordered_map<int64_t, std::shared_ptr<RemoteStream>> broken;
    rpc::ConnectionPtr useless;
    {
      MutexLock lock(mutex);
      if (which && which != connection) return;  // an older connection
      useless = std::exchange(connection, nullptr);
      broken.swap(streams);
    }
    for (auto& [id, stream] : broken) stream->fail(why, "the connection broke: " + reason);
    if (useless) useless->close();
  }

  void giveUp(const std::string& reason) {
    {
      MutexLock lock(mutex);
      gone = reason;
    }
    end(nullptr, BlocksFailed::Why::kGivenUp, reason);
  }

  bool isConnected() {
    MutexLock lock(mutex);
    return connection != nullptr;
  }
  std::string whyGone() {
    MutexLock lock(mutex);
    return gone;
  }
};

BlockClient::~BlockClient() {
  for (auto& [endpoint, peer] : peers_) peer->end(nullptr, BlocksFailed::Why::kGivenUp, "the reader stops");
}

void BlockClient::giveUp(const rpc::Endpoint& endpoint, const std::string& reason) {
  std::shared_ptr<Peer> peer;
  {
    MutexLock lock(mutex_);
    auto found = peers_.find(endpoint);
    if (found == peers_.end()) return;
    peer = std::move(found->second);
    peers_.erase(found);  // another process may listen there later
  }
  peer->giveUp(reason);
}

std::shared_ptr<BlockClient::Peer> BlockClient::peerAt(const rpc::Endpoint& endpoint, TaskContext* task) {
  std::shared_ptr<Peer> peer;
  {
    MutexLock lock(mutex_);
    auto& entry = peers_[endpoint];
    if (!entry) entry = std::make_shared<Peer>();
    peer = entry;
  }
  const auto asked = Peer::Clock::now();
  if (peer->isConnected()) return peer;
  const auto one = waitToConnect(*peer, task);
  if (peer->isConnected()) return peer;
  (void)peer->wasTriedSince(asked);
  std::weak_ptr<Peer> weak = peer;
  auto ended = std::make_shared<std::atomic<bool>>(false);
  rpc::Handlers handlers{[weak](const rpc::ConnectionPtr& connection, Bytes bytes) {
                           auto known = weak.lock();
                           if (!known) return;
                           try {
                             known->deliver(std::move(bytes));
                           } catch (const CorruptData& e) {
                             known->end(connection, BlocksFailed::Why::kBroken, e.what());
                             connection->close();
                           }
                         },
                         [weak, ended](const rpc::ConnectionPtr& connection, const std::string& reason) {
                           *ended = true;
                           if (auto known = weak.lock()) known->end(connection, BlocksFailed::Why::kBroken, reason);
                         }};
  auto connection = connect(*peer, endpoint, std::move(handlers), task);
  MutexLock lock(peer->mutex);
  if (!peer->gone.empty()) {
    connection->close();
    throw IoError(peer->gone);
  }
  if (*ended) throw BlocksFailed(BlocksFailed::Why::kBroken, -1, fmt::format("{} hung up at once", endpoint.str()));
  peer->connection = std::move(connection);
  return peer;
}

std::unique_lock<BlockClient::Turn> BlockClient::waitToConnect(Peer& peer, TaskContext* task) {
  std::unique_lock lock(peer.connecting, std::defer_lock);
  while (!lock.try_lock_for(kLookAround)) {
    if (task != nullptr && task->isInterrupted()) throw TaskKilled(kStopped);
  }
  return lock;
}

/// REQUIRES: peer.connecting is held.
rpc::ConnectionPtr BlockClient::connect(Peer& peer, const rpc::Endpoint& endpoint, rpc::Handlers handlers,
                                        TaskContext* task) {
  const auto is_stopped = [task] { return task != nullptr && task->isInterrupted(); };
  try {
    auto connection = transport_.connect(endpoint, std::move(handlers), kConnectMs,
                                         [&] { return is_stopped() ? std::string(kStopped) : peer.whyGone(); });
    peer.noteAttempt("");
    return connection;
  } catch (const IoError& e) {
    if (is_stopped()) throw TaskKilled(kStopped);
    peer.noteAttempt(e.what());
    throw;
  }
}

/// Called when a stream has received nothing since `since`. If the peer cannot be reached, all its streams fail.
void BlockClient::lookAfter(Peer& peer, const rpc::Endpoint& endpoint, std::chrono::steady_clock::time_point since,
                            TaskContext* task) {
  const auto one = waitToConnect(peer, task);
  try {
    if (peer.wasTriedSince(since)) return;
    connect(peer, endpoint, {}, task)->close();
  } catch (const IoError& e) {
    const std::string reason = fmt::format("it sends nothing, and {}", e.what());
    peer.end(nullptr, BlocksFailed::Why::kGivenUp, reason);
    throw BlocksFailed(BlocksFailed::Why::kGivenUp, -1, reason);
  }
}

std::shared_ptr<RemoteStream> BlockClient::open(const rpc::Endpoint& endpoint, protocol::OpenBlocks request,
                                                TaskContext* task) {
  auto peer = peerAt(endpoint, task);
  request.request = next_request_++;
  std::shared_ptr<RemoteStream> stream;
  rpc::ConnectionPtr connection;
  {
    MutexLock lock(peer->mutex);
    if (!peer->connection)
      throw BlocksFailed(BlocksFailed::Why::kBroken, -1, "the connection to " + endpoint.str() + " broke");
    connection = peer->connection;
    stream = std::make_shared<RemoteStream>(
        connection, request.request,
        [this, peer, endpoint](auto since, auto* reader) { lookAfter(*peer, endpoint, since, reader); });
    peer->streams.emplace(request.request, stream);
  }
  const int64_t id = request.request;
  connection->send(protocol::encode(std::move(request)));
  for (int i = 1; i < kPiecesAhead; ++i) connection->send(protocol::encode(protocol::MoreBlocks{.request = id}));
  return stream;
}

void BlockClient::close(const rpc::Endpoint& endpoint, const RemoteStream& stream) {
  if (stream.hasEnded()) return;
  std::shared_ptr<Peer> peer;
  {
    MutexLock lock(mutex_);
    auto found = peers_.find(endpoint);
    if (found == peers_.end()) return;
    peer = found->second;
  }
  std::shared_ptr<RemoteStream> closed;
  {
    MutexLock lock(peer->mutex);
    auto found = peer->streams.find(stream.request_);
    if (found == peer->streams.end()) return;
    closed = std::move(found->second);
    peer->streams.erase(found);
  }
  closed->connection_->send(protocol::encode(protocol::MoreBlocks{.request = stream.request_, .stop = true}));
}

CheckedBytes BlockClient::fetch(const rpc::Endpoint& peer, protocol::OpenBlocks request, TaskContext* task) {
  SegmentReader reader(*this, peer, std::move(request), task);
  auto segment = reader.next(task);
  if (!segment) throw IoError("the peer " + peer.str() + " sent no block");
  return std::move(segment->content);
}

CachedBlock BlockClient::fetchCached(const rpc::Endpoint& peer, RddId rdd, int partition, TaskContext* task) {
  SegmentReader reader(*this, peer, {-1, protocol::OpenBlocks::kCached, rdd.value, partition, {}}, task);
  std::vector<CachedPiece> pieces;
  while (auto segment = reader.next(task)) pieces.push_back({std::move(segment->content), nullptr});
  return CachedBlock::of(std::move(pieces));
}

void RemoteStream::deliver(protocol::BlockPiece piece) {
  MutexLock lock(mutex_);
  pieces_.push_back(std::move(piece));
  arrived_.notifyOne();
}

void RemoteStream::fail(Why why, const std::string& reason) {
  MutexLock lock(mutex_);
  if (!failure_) failure_.emplace(why, -1, reason);
  arrived_.notifyOne();
}

protocol::BlockPiece RemoteStream::waitForPiece(TaskContext* task) {
  const auto deadline = std::chrono::steady_clock::now() + kSilenceLimit;
  auto doubt = std::chrono::steady_clock::now() + kDoubt;
  MutexLock lock(mutex_);
  while (pieces_.empty()) {
    if (failure_) throw BlocksFailed(*failure_);
    const auto now = std::chrono::steady_clock::now();
    if (now > deadline) throw BlocksFailed(Why::kGivenUp, -1, "no data from " + connection_->peer() + " for 60 s");
    if (now > doubt) {
      lock.unlock();
      look_after_(std::exchange(doubt, now + kDoubt), task);
      lock.lock();
      continue;
    }
    arrived_.waitFor(mutex_, kLookAround);
    if (task != nullptr && task->isInterrupted()) throw TaskKilled(kStopped);
  }
  auto piece = std::move(pieces_.front());
  pieces_.pop_front();
  return piece;
}

/// Returns false at the end of the stream.
bool RemoteStream::nextPiece(TaskContext* task) {
  if (ended_) return false;
  piece_ = waitForPiece(task);
  at_segment_ = at_byte_ = 0;
  ended_ = piece_.last;
  if (!piece_.failure_type.empty()) throw ThrownElsewhere({piece_.failure_type, piece_.failure});
  if (!piece_.failure.empty()) throw BlocksFailed(Why::kNotServed, piece_.failed_map, piece_.failure);
  if (!ended_) connection_->send(protocol::encode(protocol::MoreBlocks{.request = request_}));
  return true;
}

std::optional<RemoteStream::Segment> RemoteStream::next(TaskContext* task) {
  auto whole = std::make_shared<Bytes>();
  std::optional<protocol::BlockPiece::Segment> begun;
  uint64_t missing = 0;
  for (;;) {
    while (at_segment_ == piece_.segments.size()) {
      if (nextPiece(task)) continue;
      if (begun) throw BlocksFailed(Why::kBroken, -1, "a stream of blocks ended in the middle of a segment");
      return std::nullopt;
    }
    const auto& part = piece_.segments[at_segment_++];
    if (!begun) {
      begun = part;
      missing = part.total;
      if (part.bytes < part.total) whole->reserve(part.total < (uint64_t{1} << 28) ? part.total : part.bytes);
    }
    const bool is_same = part.map == begun->map && part.reduce == begun->reduce;
    if (part.bytes > piece_.bytes.size() - at_byte_ || part.bytes > missing || !is_same)
      throw BlocksFailed(Why::kBroken, -1, "a block server sent a malformed piece");
    whole->append(piece_.bytes.data() + at_byte_, part.bytes);
    at_byte_ += part.bytes;
    missing -= part.bytes;
    if (missing > 0) continue;
    Segment segment{begun->map, begun->reduce, {std::move(whole), begun->checksum}};
    if (segment.content.isIntact()) return segment;
    throw BlocksFailed(Why::kDamaged, segment.map,
                       "a block of " + std::to_string(begun->total) + " bytes from " + connection_->peer() +
                           " does not match the checksum of its writer: it was damaged in memory, because damage on "
                           "the wire or a disk is detected there");
  }
}

}  // namespace cerium
