// Cerium. Licensed under the Apache License 2.0.
// The in-memory twin of the TCP transport: several transports of one process on one pretended network, with the same
// handshake and the same behaviour, and with faults at the push of a button. For tests of everything above the seam.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/rpc/transport.h"

namespace cerium::rpc {

class Fabric;

/// A message about to travel, as a fault rule sees it.
struct LoopbackMessage {
  const std::string& from;  ///< Address of the sending transport, as Connection::peer() gives it at the other side.
  const std::string& to;    ///< Address of the receiving transport.
  const Bytes& body;
  uint64_t number;  ///< Counts the messages of this connection in this direction, from 0.
};

/// What becomes of a message.
struct LoopbackFate {
  int copies = 1;                      ///< 0 loses it, 2 delivers it twice.
  std::chrono::milliseconds delay{0};  ///< Later ones of the same direction wait behind it: order is kept.
};

/// The network that loopback transports share. Addresses are plain "host:port" strings: nothing is resolved.
/// A transport goes by every endpoint it listens on; one that listens nowhere is "client-N:0".
/// Threads: thread-safe.
class LoopbackNetwork {
 public:
  using Rule = std::function<LoopbackFate(const LoopbackMessage&)>;

  LoopbackNetwork();

  /// Asks `rule` about each message from now on; an empty one lets all pass. It runs on the senders' threads, several
  /// at once, and must not call back into the network.
  ///
  ///     network->setRule([](const LoopbackMessage& m) { return LoopbackFate{.copies = m.number == 3 ? 0 : 1}; });
  void setRule(Rule rule);

  /// Resets the connections between two transports: both sides get onClose, what is in flight is lost. They may
  /// connect again at once.
  void cut(const std::string& a, const std::string& b);

  /// Nothing passes in or out of this transport until heal(): messages and closes are held back, as TCP does while
  /// it sends again and again; connect() times out. What has arrived is still delivered.
  void partition(const std::string& address);

  /// Ends a partition; what was held back arrives in order.
  void heal(const std::string& address);

 private:
  friend std::unique_ptr<Transport> makeLoopbackTransport(std::shared_ptr<LoopbackNetwork>, TransportOptions);
  std::shared_ptr<Fabric> fabric_;
};

/// A transport on `network`, with a thread of its own for its handlers.
std::unique_ptr<Transport> makeLoopbackTransport(std::shared_ptr<LoopbackNetwork> network, TransportOptions options);

}  // namespace cerium::rpc
