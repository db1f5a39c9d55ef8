// Cerium. Licensed under the Apache License 2.0.
#include "executor/block_client.h"

#include <chrono>
#include <unordered_map>

#include "base/util/exception_text.h"
#include "rdd/task_context.h"

namespace cerium {
namespace {
// A peer that is alive answers within milliseconds; one that is dead is found out by heartbeats long before this.
constexpr auto kSilenceLimit = std::chrono::seconds(60);
constexpr auto kLookAround = std::chrono::milliseconds(100);
constexpr int kPiecesAhead = 2;
constexpr int kConnectMs = 10'000;
constexpr const char* kStopped = "told to stop while it waited for blocks";
}  // namespace

/// One connection and the streams on it.
struct BlockClient::Peer {
  std::mutex connecting;  ///< Held while the connection is made, so that one peer's slowness delays no other's.
  std::mutex mutex;
  rpc::ConnectionPtr connection;                                       // guarded by mutex
  std::string gone;                                                    // guarded by mutex; why, once it is given up
  std::unordered_map<int64_t, std::shared_ptr<RemoteStream>> streams;  // guarded by mutex

  void deliver(Bytes bytes) {
    auto message = protocol::decode(bytes);
    auto* piece = std::get_if<protocol::BlockPiece>(&message);
    if (piece == nullptr) throw CorruptData("a block server sent something that is no block");
    std::shared_ptr<RemoteStream> stream;
    {
      std::lock_guard lock(mutex);
      auto found = streams.find(piece->request);
      if (found == streams.end()) return;
      stream = found->second;
      if (piece->last) streams.erase(found);
    }
    stream->deliver(std::move(*piece));
  }

  void closed(const std::string& reason) {
    std::unordered_map<int64_t, std::shared_ptr<RemoteStream>> broken;
    {
      std::lock_guard lock(mutex);
      connection.reset();
      broken.swap(streams);
    }
    for (auto& [id, stream] : broken) stream->fail("the connection broke: " + reason);
  }

  void giveUp(const std::string& reason) {
    rpc::ConnectionPtr useless;
    {
      std::lock_guard lock(mutex);
      gone = reason;
      useless = connection;
    }
    closed(reason);
    if (useless) useless->close();
  }

  std::string whyGone() {
    std::lock_guard lock(mutex);
    return gone;
  }
};

BlockClient::~BlockClient() {
  for (auto& [endpoint, peer] : peers_) peer->closed("the reader stops");
}

void BlockClient::giveUp(const rpc::Endpoint& endpoint, const std::string& reason) {
  std::shared_ptr<Peer> peer;
  {
    std::lock_guard lock(mutex_);
    auto found = peers_.find(endpoint);
    if (found == peers_.end()) return;
    peer = std::move(found->second);
    peers_.erase(found);  // another process may listen there one day
  }
  peer->giveUp(reason);
}

std::shared_ptr<BlockClient::Peer> BlockClient::peerAt(const rpc::Endpoint& endpoint, TaskContext* task) {
  std::shared_ptr<Peer> peer;
  {
    std::lock_guard lock(mutex_);
    auto& entry = peers_[endpoint];
    if (!entry) entry = std::make_shared<Peer>();
    peer = entry;
  }
  std::lock_guard one(peer->connecting);
  {
    std::lock_guard lock(peer->mutex);
    if (peer->connection) return peer;
    if (!peer->gone.empty()) throw IoError(peer->gone);
  }
  std::weak_ptr<Peer> weak = peer;
  rpc::Handlers handlers{[weak](const rpc::ConnectionPtr& connection, Bytes bytes) {
                           auto known = weak.lock();
                           if (!known) return;
                           try {
                             known->deliver(std::move(bytes));
                           } catch (const CorruptData& e) {
                             known->closed(e.what());
                             connection->close();
                           }
                         },
                         [weak](const rpc::ConnectionPtr&, const std::string& reason) {
                           if (auto known = weak.lock()) known->closed(reason);
                         }};
  const auto is_stopped = [task] { return task != nullptr && task->isInterrupted(); };
  rpc::ConnectionPtr connection;
  try {
    connection = transport_.connect(endpoint, std::move(handlers), kConnectMs,
                                    [&] { return is_stopped() ? std::string(kStopped) : peer->whyGone(); });
  } catch (const IoError&) {
    if (is_stopped()) throw TaskKilled(kStopped);
    throw;
  }
  std::lock_guard lock(peer->mutex);
  if (!peer->gone.empty()) {
    connection->close();
    throw IoError(peer->gone);
  }
  peer->connection = std::move(connection);
  return peer;
}

std::shared_ptr<RemoteStream> BlockClient::open(const rpc::Endpoint& endpoint, protocol::OpenBlocks request,
                                                TaskContext* task) {
  auto peer = peerAt(endpoint, task);
  request.request = next_request_++;
  std::shared_ptr<RemoteStream> stream;
  rpc::ConnectionPtr connection;
  {
    std::lock_guard lock(peer->mutex);
    if (!peer->connection) throw IoError("the connection to " + endpoint.str() + " broke");
    connection = peer->connection;
    stream = std::make_shared<RemoteStream>(connection, request.request);
    peer->streams.emplace(request.request, stream);
  }
  const int64_t id = request.request;
  connection->send(protocol::encode(std::move(request)));
  for (int i = 1; i < kPiecesAhead; ++i) connection->send(protocol::encode(protocol::MoreBlocks{id}));
  return stream;
}

RemoteStream::Segment BlockClient::fetch(const rpc::Endpoint& peer, protocol::OpenBlocks request, TaskContext* task) {
  auto stream = open(peer, std::move(request), task);
  auto segment = stream->next(task);
  if (!segment) throw IoError("the peer " + peer.str() + " sent no block");
  return std::move(*segment);
}

void RemoteStream::deliver(protocol::BlockPiece piece) {
  std::lock_guard lock(mutex_);
  pieces_.push_back(std::move(piece));
  arrived_.notify_one();
}

void RemoteStream::fail(const std::string& reason) {
  std::lock_guard lock(mutex_);
  if (failure_.empty()) failure_ = reason;
  arrived_.notify_one();
}

protocol::BlockPiece RemoteStream::waitForPiece(TaskContext* task) {
  const auto deadline = std::chrono::steady_clock::now() + kSilenceLimit;
  std::unique_lock lock(mutex_);
  while (pieces_.empty()) {
    if (!failure_.empty()) throw IoError(failure_);
    if (std::chrono::steady_clock::now() > deadline) throw IoError("no data from " + connection_->peer() + " for 60 s");
    arrived_.wait_for(lock, kLookAround);
    if (task != nullptr && task->isInterrupted()) throw TaskKilled(kStopped);
  }
  auto piece = std::move(pieces_.front());
  pieces_.pop_front();
  return piece;
}

std::optional<RemoteStream::Segment> RemoteStream::next(TaskContext* task) {
  auto whole = std::make_shared<Bytes>();
  uint64_t missing = 0;
  for (;;) {
    while (at_segment_ == piece_.segments.size()) {
      if (ended_) {
        if (missing > 0) throw IoError("a stream of blocks ended in the middle of a segment");
        return std::nullopt;
      }
      piece_ = waitForPiece(task);
      at_segment_ = at_byte_ = 0;
      ended_ = piece_.last;
      if (!piece_.failure.empty()) {
        failed_map_ = piece_.failed_map;
        if (!piece_.failure_type.empty()) throw ThrownElsewhere({piece_.failure_type, piece_.failure});
        throw IoError(piece_.failure);
      }
      if (!ended_) connection_->send(protocol::encode(protocol::MoreBlocks{request_}));
    }
    const auto& part = piece_.segments[at_segment_++];
    if (part.bytes > piece_.bytes.size() - at_byte_ || part.bytes > part.total) {
      throw IoError("a block server sent a malformed piece");
    }
    if (missing == 0) {
      missing = part.total;
      if (part.bytes < part.total) whole->reserve(part.total < (uint64_t{1} << 28) ? part.total : part.bytes);
    }
    whole->append(piece_.bytes.data() + at_byte_, part.bytes);
    at_byte_ += part.bytes;
    missing -= part.bytes;
    if (missing == 0) return Segment{part.map, std::move(whole), piece_.encoded_form};
  }
}

}  // namespace cerium
