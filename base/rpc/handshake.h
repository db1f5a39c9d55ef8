// Cerium. Licensed under the Apache License 2.0.
// The first bytes of every connection: both sides show that they speak Cerium, in one version, and know the secret.
// A pure state machine, bytes in and bytes out, without sockets, threads or clocks; both transports drive it.
//
//   connector -> acceptor   "CERIUM" version(u16 LE) challenge(32)
//   acceptor  -> connector  "CERIUM" version(u16 LE) challenge(32)     without the challenge when versions differ
//   connector -> acceptor   proof(32)
//   acceptor  -> connector  'y' proof(32)  or  'n'
//
// proof = HMAC-SHA-256(secret, role, version, connector's challenge, acceptor's challenge). The role prevents that a
// peer sends a proof back as its own. Messages after the handshake are not encrypted.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/util/bytes.h"

namespace cerium::rpc {

/// Must be raised when the bytes of two releases are not compatible.
inline constexpr uint16_t kProtocolVersion = 2;

/// Handshake::reason() if the proofs do not match.
inline constexpr const char* kWrongSecret = "wrong secret: both processes must be given the same one";

/// Which side of a connection a process is: it connected, or it accepted.
enum class Role { kConnector, kAcceptor };

/// One side of one handshake. Send takeOutput() whenever it has bytes and pass received bytes to consume(), until
/// state() leaves kRunning. After kFailed, a last output may hold the refusal for the peer. Threads: externally
/// synchronised.
class Handshake {
 public:
  enum class State { kRunning, kDone, kFailed };

  /// The longest input one side ever consumes: greeting, verdict and proof.
  static constexpr size_t kMaxInput = 6 + 2 + 32 + 1 + 32;

  /// Draws the challenge. Throws Error if the system has no random bytes.
  Handshake(Role role, std::string secret, uint16_t version = kProtocolVersion);

  /// Takes bytes from the peer and returns how many belong to the handshake; the rest are the first messages. The first
  /// wrong byte fails the handshake.
  size_t consume(std::string_view input);

  /// Tells that the peer closed the connection: a running handshake fails.
  void peerClosed();

  /// Bytes to send now; empty when there are none.
  [[nodiscard]] Bytes takeOutput() { return std::exchange(output_, Bytes()); }

  [[nodiscard]] State state() const { return state_; }
  /// Why the handshake failed, for a human; empty unless state() is kFailed.
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  using Block = std::array<char, 32>;  // A challenge or a proof.
  /// The part of the peer's bytes that comes next. The acceptor has no kVerdict.
  enum class Step { kMagic, kVersion, kChallenge, kVerdict, kProof };

  [[nodiscard]] size_t stepBytes() const;
  void finishStep();
  void takeVersion();
  void takeChallenge();
  void takeVerdict();
  void takeProof();
  void greet();
  [[nodiscard]] Block proofOf(Role role) const;
  void fail(std::string reason);

  const Role role_;
  const std::string secret_;
  const uint16_t version_;
  State state_ = State::kRunning;
  Step step_ = Step::kMagic;
  std::string received_;  // Bytes of the current step.
  Block own_challenge_{};
  Block peer_challenge_{};
  Bytes output_;
  std::string reason_;
};

}  // namespace cerium::rpc
