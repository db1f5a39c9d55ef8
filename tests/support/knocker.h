// Cerium. Licensed under the Apache License 2.0.
// A client that connects to a port with a right or wrong secret or none, sends frames and observes the connection.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <string>

#include "base/rpc/handshake.h"
#include "base/rpc/tcp/frame_header.h"
#include "base/util/bytes.h"

namespace cerium::testing {

class Knocker {
 public:
  /// Connects to a port of this machine.
  explicit Knocker(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~Knocker() { ::close(fd_); }
  Knocker(const Knocker&) = delete;
  Knocker& operator=(const Knocker&) = delete;

  [[nodiscard]] bool isConnected() const { return connected_; }
  void send(std::string_view bytes) const { (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  void sendFrame(const Bytes& message) const { send(frameOf(message)); }

  /// Shakes hands with this secret and sends `frames` right after the proof, without waiting for the verdict. Returns
  /// false if it is refused.
  bool shakeHands(const std::string& secret, const std::string& frames) {
    rpc::Handshake handshake(rpc::Role::kConnector, secret);
    bool has_sent = false;
    while (handshake.state() == rpc::Handshake::State::kRunning) {
      const Bytes out = handshake.takeOutput();
      const bool is_proof = out.size() == 32;
      send(std::string(out.view()) + (is_proof ? frames : ""));
      has_sent = has_sent || is_proof;
      const std::string input = readSome();
      if (input.empty()) return false;
      input_ += input.substr(handshake.consume(input));
    }
    return has_sent && handshake.state() == rpc::Handshake::State::kDone;
  }

  /// The text with which a peer of another protocol version is refused; empty if it is not refused.
  std::string refusalOf(uint16_t version, const std::string& secret) {
    rpc::Handshake handshake(rpc::Role::kConnector, secret, version);
    while (handshake.state() == rpc::Handshake::State::kRunning) {
      send(handshake.takeOutput().view());
      const std::string input = readSome();
      if (input.empty()) return {};
      (void)handshake.consume(input);
    }
    return handshake.reason();
  }

  /// The next frame's message; nothing if the connection ended or 20 s passed.
  std::optional<Bytes> next() {
    for (;;) {
      constexpr size_t kHead = rpc::FrameHeader::kBytes;
      if (input_.size() >= kHead) {
        const uint64_t size = rpc::FrameHeader::decode(input_.data()).length;
        if (input_.size() - kHead >= size) {
          Bytes message(input_.substr(kHead, size));
          input_.erase(0, kHead + size);
          return message;
        }
      }
      const std::string more = readSome();
      if (more.empty()) return std::nullopt;
      input_ += more;
    }
  }
  /// True if the port ends the connection, whatever it sends before; false if it is silent for 20 s.
  bool isLetGo() {
    while (!readSome().empty()) {
    }
    return ended_;
  }

  [[nodiscard]] static std::string frameOf(const Bytes& message) {
    const auto head = rpc::FrameHeader::of(message.view()).encoded();
    return std::string(head.data(), head.size()) + std::string(message.view());
  }

 private:
  std::string readSome() {
    char buffer[4096];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    ended_ = n == 0 || (n < 0 && errno == ECONNRESET);
    return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : "";
  }

  int fd_;
  bool connected_ = false;
  bool ended_ = false;
  std::string input_;
};

}  // namespace cerium::testing
