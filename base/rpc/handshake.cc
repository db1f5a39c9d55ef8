// Cerium. Licensed under the Apache License 2.0.
// The handshake's steps. See handshake.h for the bytes.
#include "base/rpc/handshake.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <utility>

#include "base/util/error.h"

namespace cerium::rpc {

namespace {

constexpr std::string_view kMagic = "CERIUM";
constexpr char kAccepted = 'y';
constexpr char kRefused = 'n';

constexpr const char* kNotCerium = "not a Cerium port: the peer does not answer with Cerium's greeting";

std::string encodeVersion(uint16_t version) {
  return {static_cast<char>(version & 0xff), static_cast<char>(version >> 8)};
}

uint16_t decodeVersion(std::string_view bytes) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[0]) | static_cast<uint8_t>(bytes[1]) << 8);
}

}  // namespace

Handshake::Handshake(Role role, std::string secret, uint16_t version)
    : role_(role), secret_(std::move(secret)), version_(version) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(own_challenge_.data()), static_cast<int>(own_challenge_.size())) != 1)
    throw Error("the handshake needs random bytes and OpenSSL's RAND_bytes has none; is /dev/urandom readable?");
  if (role_ == Role::kConnector) greet();
}

size_t Handshake::consume(std::string_view input) {
  size_t used = 0;
  while (state_ == State::kRunning && used < input.size()) {
    const std::string_view piece = input.substr(used, stepBytes() - received_.size());
    received_.append(piece);
    used += piece.size();
    if (step_ == Step::kMagic && !kMagic.starts_with(received_)) {
      fail(kNotCerium);
    } else if (received_.size() == stepBytes()) {
      finishStep();
      received_.clear();
    }
  }
  return used;
}

void Handshake::peerClosed() {
  if (state_ != State::kRunning) return;
  fail(
      step_ == Step::kMagic
          ? "not a Cerium port, or one that is overloaded or shutting down: it closed the connection without a greeting"
          : "the peer closed the connection during the handshake");
}

size_t Handshake::stepBytes() const {
  switch (step_) {
    case Step::kMagic:
      return kMagic.size();
    case Step::kVersion:
      return 2;
    case Step::kVerdict:
      return 1;
    case Step::kChallenge:
    case Step::kProof:
      break;
  }
  return std::tuple_size_v<Block>;
}

void Handshake::finishStep() {
  switch (step_) {
    case Step::kMagic:
      step_ = Step::kVersion;
      break;
    case Step::kVersion:
      takeVersion();
      break;
    case Step::kChallenge:
      takeChallenge();
      break;
    case Step::kVerdict:
      takeVerdict();
      break;
    case Step::kProof:
      takeProof();
      break;
  }
}

void Handshake::takeVersion() {
  const uint16_t theirs = decodeVersion(received_);
  if (theirs != version_) {
    // The acceptor names its version, so that the connector can report both versions.
    if (role_ == Role::kAcceptor) {
      output_.append(kMagic.data(), kMagic.size());
      output_.append(encodeVersion(version_).data(), 2);
    }
    fail(fmt::format("the peer speaks protocol version {}, this process version {}; run one release of Cerium on both",
                     theirs, version_));
    return;
  }
  step_ = Step::kChallenge;
}

void Handshake::takeChallenge() {
  std::copy(received_.begin(), received_.end(), peer_challenge_.begin());
  // The peer is an echo service, or a socket that the kernel connected to itself.
  if (peer_challenge_ == own_challenge_) {
    fail("not a Cerium port: it sends this process's bytes back");
    return;
  }
  if (role_ == Role::kAcceptor) {
    greet();
    step_ = Step::kProof;
  } else {
    output_.append(proofOf(Role::kConnector).data(), std::tuple_size_v<Block>);
    step_ = Step::kVerdict;
  }
}

void Handshake::takeVerdict() {
  if (received_[0] == kAccepted) {
    step_ = Step::kProof;
  } else {
    fail(received_[0] == kRefused ? kWrongSecret : kNotCerium);
  }
}

void Handshake::takeProof() {
  const Block expected = proofOf(role_ == Role::kAcceptor ? Role::kConnector : Role::kAcceptor);
  const bool right = CRYPTO_memcmp(expected.data(), received_.data(), expected.size()) == 0;
  if (role_ == Role::kAcceptor) {
    // The acceptor proves itself only to a peer that has proved itself, so that a stranger gets no proof to guess the
    // secret from.
    output_.append(right ? &kAccepted : &kRefused, 1);
    if (right) output_.append(proofOf(Role::kAcceptor).data(), std::tuple_size_v<Block>);
  }
  if (right) {
    state_ = State::kDone;
  } else {
    fail(kWrongSecret);
  }
}

void Handshake::greet() {
  output_.append(kMagic.data(), kMagic.size());
  output_.append(encodeVersion(version_).data(), 2);
  output_.append(own_challenge_.data(), own_challenge_.size());
}

Handshake::Block Handshake::proofOf(Role role) const {
  const bool connecting = role_ == Role::kConnector;
  const Block& connector_challenge = connecting ? own_challenge_ : peer_challenge_;
  const Block& acceptor_challenge = connecting ? peer_challenge_ : own_challenge_;
  std::string text = role == Role::kConnector ? "cerium connector" : "cerium acceptor ";
  text += encodeVersion(version_);
  text.append(connector_challenge.data(), connector_challenge.size());
  text.append(acceptor_challenge.data(), acceptor_challenge.size());
  Block proof;
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(),
           reinterpret_cast<unsigned char*>(proof.data()), &length) == nullptr ||
      length != proof.size())
    throw Error("the handshake cannot compute HMAC-SHA-256: OpenSSL offers no such algorithm in this process");
  return proof;
}

void Handshake::fail(std::string reason) {
  state_ = State::kFailed;
  reason_ = std::move(reason);
}

}  // namespace cerium::rpc
