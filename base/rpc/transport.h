// Cerium. Licensed under the Apache License 2.0.
// The seam between the engine and the network: connections that carry whole messages in order.
// Two implementations, one behaviour: TCP (makeTcpTransport) and an in-memory twin for tests (makeLoopbackTransport).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/util/bytes.h"
#include "base/util/error.h"

namespace cerium::rpc {

/// Where a process listens. `host` is a name or a numeric address.
struct Endpoint {
  std::string host;
  uint16_t port = 0;

  [[nodiscard]] std::string str() const { return host + ":" + std::to_string(port); }
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// One established and authenticated connection.
/// Threads: every method may be called from any thread. Messages sent by one thread arrive in the order sent.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Queues a message; never blocks. Messages sent after the connection broke are dropped: onClose tells.
  virtual void send(Bytes message) = 0;
  /// Sends what is queued, then closes; the peer's onClose and our own follow. Idempotent. Messages that arrive
  /// after it are not delivered. A peer that takes nothing more is given up after five seconds.
  virtual void close() = 0;
  /// Bytes queued by send() and not yet taken by the network; what a sender looks at to bound itself.
  [[nodiscard]] virtual size_t queuedBytes() const = 0;
  /// Bytes that have come from the peer since the handshake, parts of messages too: more of them are a sign of life.
  [[nodiscard]] virtual uint64_t receivedBytes() const = 0;
  /// The peer's address, for messages to a human.
  [[nodiscard]] virtual std::string peer() const = 0;
};

using ConnectionPtr = std::shared_ptr<Connection>;

/// What a user of a connection is told. All calls of one connection come one after another (never concurrently),
/// on a thread of the transport: they must not block. onMessage is never called after onClose.
/// An exception from onMessage breaks the connection, with its text as the reason; onClose must not throw.
struct Handlers {
  std::function<void(const ConnectionPtr&, Bytes message)> onMessage;
  /// Called exactly once for each established connection; `reason` is text for a human ("closed by peer", ...).
  std::function<void(const ConnectionPtr&, const std::string& reason)> onClose;
};

/// The other side does not know the secret, or this one does not.
class WrongSecret : public IoError {
 public:
  using IoError::IoError;
};

/// Why an attempt to connect is to end; empty while it may go on.
using StopReason = std::function<std::string()>;

/// Open sockets of one process. Destroying it closes every connection and joins its threads;
/// no handler runs after the destructor returned. What is still queued is lost, unless close() was called before: such
/// a connection has one more second to send it. A connection lives until it is closed, whoever holds its pointer.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Accepts connections on `at` (port 0: any free port) and returns the endpoint really bound.
  /// `onConnect` runs when a peer has passed the handshake, before its first message, and returns its handlers;
  /// an exception from it closes the connection.
  /// Throws IoError that names the address when it cannot be bound, and as refuseLoopbackName() (local_address.h).
  virtual Endpoint listen(const Endpoint& at, std::function<Handlers(const ConnectionPtr&)> onConnect) = 0;

  /// Connects and shakes hands; blocks up to `timeout_ms` (never call it from a handler).
  /// `stop`, where given, is asked several times a second, on the calling thread.
  /// Throws IoError that names the endpoint and the cause: refused, timed out, stopped, not a Cerium port; WrongSecret.
  virtual ConnectionPtr connect(const Endpoint& to, Handlers handlers, int timeout_ms = 10'000,
                                const StopReason& stop = {}) = 0;
};

struct TransportOptions {
  /// Shared by the processes of one application. Both sides prove that they know it (HMAC-SHA-256 over both sides'
  /// random challenges) before any message is delivered; it never travels itself.
  std::string secret;
  static constexpr uint64_t kMaxMessageBytes = uint64_t{1} << 30;
  /// A longer message closes the connection, before memory for it is allocated.
  uint64_t max_message_bytes = kMaxMessageBytes;
  /// A peer that has not finished the handshake by then is disconnected.
  int handshake_timeout_ms = 5'000;
  /// Name of the I/O thread, as seen in gdb and top (at most 15 characters).
  std::string thread_name = "cerium-rpc";
};

std::unique_ptr<Transport> makeTcpTransport(TransportOptions options);

}  // namespace cerium::rpc
