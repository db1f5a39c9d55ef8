// Cerium. Licensed under the Apache License 2.0.
// The interface between the engine and the network: connections that carry whole messages in order. Two implementations
// behave alike: TCP (makeTcpTransport) and an in-memory twin for tests (makeLoopbackTransport).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/util/bytes.h"
#include "base/util/error.h"

namespace cerium::rpc {

/// The address on which a process listens. `host` is a name or a numeric address.
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
  /// Queues a message; never blocks. After the connection broke, messages are dropped, and onClose reports the end.
  virtual void send(Bytes message) = 0;
  /// Sends queued messages, then closes; onClose follows on both sides. Idempotent. Messages that arrive later are not
  /// delivered. A peer that takes no bytes for five seconds is given up.
  virtual void close() = 0;
  /// Bytes queued by send() that the network has not taken yet. A sender reads it to bound its queue.
  [[nodiscard]] virtual size_t queuedBytes() const = 0;
  /// Bytes received since the handshake, including parts of messages: a growing number is a sign of life.
  [[nodiscard]] virtual uint64_t receivedBytes() const = 0;
  /// The peer's address, for messages to a human.
  [[nodiscard]] virtual std::string peer() const = 0;
};

using ConnectionPtr = std::shared_ptr<Connection>;

/// The callbacks of a connection's user. Calls of one connection come one after another, on a thread of the transport,
/// and must not block. onMessage is never called after onClose. An exception from onMessage ends the connection, with
/// its text as the reason; onClose must not throw.
struct Handlers {
  std::function<void(const ConnectionPtr&, Bytes message)> onMessage;
  /// Called exactly once for each established connection; `reason` is text for a human ("closed by peer", ...).
  std::function<void(const ConnectionPtr&, const std::string& reason)> onClose;
};

/// The two sides do not have the same secret.
class WrongSecret : public IoError {
 public:
  using IoError::IoError;
};

/// Returns why an attempt to connect shall end; empty: it goes on.
using StopReason = std::function<std::string()>;

/// The open sockets of one process. The destructor closes every connection and joins the threads; no handler runs after
/// it returned. Queued messages are lost, unless close() was called before: then the connection has one second to send
/// them. A connection lives until it is closed, even if no pointer to it is left.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Accepts connections on `at` (port 0: any free port) and returns the endpoint that is bound. `onConnect` runs when
  /// a peer has passed the handshake, before its first message, and returns the connection's handlers; an exception
  /// from it closes the connection. Throws IoError that names the address if it cannot be bound, and as
  /// refuseLoopbackName() (local_address.h).
  virtual Endpoint listen(const Endpoint& at, std::function<Handlers(const ConnectionPtr&)> onConnect) = 0;

  /// Connects and shakes hands; blocks up to `timeout_ms`. Must not be called from a handler. `stop`, if given, is
  /// asked several times a second on the calling thread. Throws IoError that names the endpoint and the cause (refused,
  /// timed out, stopped, not a Cerium port), or WrongSecret.
  virtual ConnectionPtr connect(const Endpoint& to, Handlers handlers, int timeout_ms = 10'000,
                                const StopReason& stop = {}) = 0;
};

/// The settings of a transport.
struct TransportOptions {
  /// The secret that the processes of one application share. Before any message is delivered, both sides prove that
  /// they know it (HMAC-SHA-256 over both sides' random challenges); the secret itself never travels.
  std::string secret;
  static constexpr uint64_t kMaxMessageBytes = uint64_t{1} << 30;
  /// A longer message closes the connection before memory for it is allocated.
  uint64_t max_message_bytes = kMaxMessageBytes;
  /// A peer that has not finished the handshake after this time is disconnected.
  int handshake_timeout_ms = 5'000;
  /// Name of the I/O thread, as seen in gdb and top (at most 15 characters).
  std::string thread_name = "cerium-rpc";
};

std::unique_ptr<Transport> makeTcpTransport(TransportOptions options);

}  // namespace cerium::rpc
