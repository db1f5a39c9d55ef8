// Cerium. Licensed under the Apache License 2.0.
// The in-memory twin of the TCP transport: several transports of one process on one pretended network, with the same
// handshake and behaviour, and with faults on demand. For tests of everything that uses a Transport.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/rpc/transport.h"

namespace cerium::rpc {

class Fabric;

/// A message to be sent, as a fault rule sees it.
struct LoopbackMessage {
  const std::string& from;  ///< The address of the sending transport: Connection::peer() at the receiver.
  const std::string& to;    ///< The address of the receiving transport.
  const Bytes& body;
  uint64_t number;  ///< Counts the messages of this connection in this direction, from 0.
};

/// What a fault rule does with a message.
struct LoopbackFate {
  int copies = 1;                      ///< 0 loses it, 2 delivers it twice.
  std::chrono::milliseconds delay{0};  ///< Later messages of the same direction wait behind it, so their order is kept.
};

/// The network that loopback transports share. Addresses are "host:port" strings; names are not resolved. A transport
/// has the address of every endpoint it listens on; one that does not listen is "client-N:0". Threads: thread-safe.
class LoopbackNetwork {
 public:
  using Rule = std::function<LoopbackFate(const LoopbackMessage&)>;

  LoopbackNetwork();

  /// Asks `rule` about each message from now on; an empty `rule` lets all pass. The rule runs on the senders' threads,
  /// several at once, and must not call the network.
  ///
  ///     network->setRule([](const LoopbackMessage& m) { return LoopbackFate{.copies = m.number == 3 ? 0 : 1}; });
  void setRule(Rule rule);

  /// Resets the connections between two transports: both sides get onClose, and messages on their way are lost. New
  /// connections are possible at once.
  void cut(const std::string& a, const std::string& b);

  /// Isolates a transport until heal(): messages and closes are held back, as TCP does while it retransmits, and
  /// connect() times out. Messages that have arrived are still delivered.
  void partition(const std::string& address);

  /// Ends a partition. Messages held back arrive in order.
  void heal(const std::string& address);

 private:
  friend std::unique_ptr<Transport> makeLoopbackTransport(std::shared_ptr<LoopbackNetwork>, TransportOptions);
  std::shared_ptr<Fabric> fabric_;
};

/// Makes a transport on `network`, whose handlers run on a thread of its own.
std::unique_ptr<Transport> makeLoopbackTransport(std::shared_ptr<LoopbackNetwork> network, TransportOptions options);

}  // namespace cerium::rpc
