// Cerium. Licensed under the Apache License 2.0.
// The handlers of a loopback connection. Fabric moves the messages.
#include "base/rpc/loopback/loopback_connection.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace cerium::rpc {

LoopbackConnection::LoopbackConnection(std::shared_ptr<Fabric> fabric, std::shared_ptr<Node> node, std::string peer)
    : fabric_(std::move(fabric)), node_(std::move(node)), peer_(std::move(peer)) {}

void LoopbackConnection::open(const Fabric::OnConnect& onConnect) {
  if (finished_) return;
  try {
    handlers_ = onConnect(shared_from_this());
  } catch (const std::exception&) {
    close();  // The user refused this connection. There is no caller to report the exception to.
  }
}

void LoopbackConnection::receive(Bytes message) {
  if (!is_open_ || finished_) return;
  received_bytes_ += message.size();
  if (message.size() > node_->options.max_message_bytes) {
    fabric_->reset(shared_from_this(),
                   fmt::format("the peer announced a message of {} bytes, over the limit of {}; raise "
                               "max_message_bytes or send less at once",
                               message.size(), node_->options.max_message_bytes));
    return;
  }
  try {
    if (handlers_.onMessage) handlers_.onMessage(shared_from_this(), std::move(message));
  } catch (const std::exception& error) {
    fabric_->reset(shared_from_this(), error.what());
  }
}

void LoopbackConnection::finish(const std::string& reason) {
  if (finished_.exchange(true)) return;
  is_open_ = false;
  fabric_->forget(shared_from_this());
  // Moved out, because handlers often hold the connection: they would keep it and themselves alive.
  const Handlers handlers = std::exchange(handlers_, {});
  if (handlers.onClose) handlers.onClose(shared_from_this(), reason);
}

}  // namespace cerium::rpc
