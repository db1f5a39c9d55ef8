// Cerium. Licensed under the Apache License 2.0.
// One side of a loopback connection.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/rpc/loopback/fabric.h"
#include "base/rpc/transport.h"

namespace cerium::rpc {

/// One side of a connection. The fabric keeps it alive until it is finished; the two sides refer to each other weakly.
/// Threads: the methods of Connection from any thread; open(), receive() and finish() on the node's dispatcher.
class LoopbackConnection final : public Connection, public std::enable_shared_from_this<LoopbackConnection> {
 public:
  LoopbackConnection(std::shared_ptr<Fabric> fabric, std::shared_ptr<Node> node, std::string peer);

  void send(Bytes message) override { fabric_->send(shared_from_this(), std::move(message)); }
  void close() override { fabric_->close(shared_from_this()); }
  [[nodiscard]] size_t queuedBytes() const override { return finished_ ? 0 : queued_bytes_.load(); }
  [[nodiscard]] uint64_t receivedBytes() const override { return received_bytes_; }
  [[nodiscard]] std::string peer() const override { return peer_; }

  /// Called on the accepting side: takes the handlers of a new connection.
  void open(const Fabric::OnConnect& onConnect);
  void receive(Bytes message);
  /// Calls onClose, once.
  void finish(const std::string& reason);

 private:
  friend class Fabric;

  const std::shared_ptr<Fabric> fabric_;
  const std::shared_ptr<Node> node_;
  const std::string peer_;
  std::atomic<size_t> queued_bytes_ = 0;  // Bytes sent but not yet passed to the other side's handler.
  std::atomic<uint64_t> received_bytes_ = 0;
  std::atomic<bool> finished_ = false;  // Written on the dispatcher.

  std::weak_ptr<LoopbackConnection> other_;  // Written once, before connect() hands out either side.

  // Guarded by the fabric's mutex, unchecked: clang takes fabric_->mutex_ and Fabric's own mutex_ for two mutexes.
  // is_open_ is written under the mutex and read anywhere.
  std::atomic<bool> is_open_ = true;  // Whether this side sends and delivers.
  uint64_t messages_ = 0;
  Dispatcher::Clock::time_point last_due_ = Dispatcher::kFirst;
  std::deque<Fabric::Parcel> held_;  // Waits for the end of a partition.

  Handlers handlers_;  // Used by the dispatcher only, once the other side knows the connection.
};

}  // namespace cerium::rpc
