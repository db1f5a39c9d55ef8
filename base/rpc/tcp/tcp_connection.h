// Cerium. Licensed under the Apache License 2.0.
// One established TCP connection: queues and gathers what is sent, cuts what arrives into messages.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/rpc/tcp/frame_reader.h"
#include "base/rpc/tcp/send_queue.h"
#include "base/rpc/transport.h"

namespace cerium::rpc {

/// Life: open -> closing (close() was called: flush, shut down, wait for the peer's end) -> closed (onClose called).
/// A broken socket goes from either state to closed.
/// Threads: the methods of Connection from any thread; the others on the I/O thread only.
class TcpConnection final : public Connection, public std::enable_shared_from_this<TcpConnection> {
 public:
  /// `socket` has passed the handshake. The io_context is shared: a user may keep a connection longer than its
  /// transport.
  TcpConnection(std::shared_ptr<boost::asio::io_context> io, boost::asio::ip::tcp::socket socket,
                uint64_t max_message_bytes);

  void send(Bytes message) override;
  void close() override;
  [[nodiscard]] size_t queuedBytes() const override { return queued_bytes_; }
  [[nodiscard]] uint64_t receivedBytes() const override { return received_bytes_; }
  [[nodiscard]] std::string peer() const override { return peer_; }

  /// Starts to receive. `early` holds bytes that were read behind the handshake; `onGone` runs after onClose.
  void start(Handlers handlers, Bytes early, std::function<void()> onGone);

  /// The transport is being destroyed: ends now, or within a second when close() was called and bytes are left.
  void abandon();

 private:
  void wakeWriter();
  void writeNext();
  void onWritten(const boost::system::error_code& error, size_t count);
  void shutDownSending();

  void read();
  void onRead(const boost::system::error_code& error, size_t count);
  void deliverMessages();
  void onEndOfStream();

  /// Gives up on a closing connection when its peer takes nothing for a while.
  void armLinger();
  /// By the peer's system, of what was written.
  [[nodiscard]] uint64_t takenBytes();
  /// Gives up on a peer whose machine vanished.
  void lookForAnswers();
  void finish(const std::string& reason);

  const std::shared_ptr<boost::asio::io_context> io_;
  const uint64_t max_message_bytes_;
  const std::string peer_;
  std::atomic<size_t> queued_bytes_ = 0;
  std::atomic<uint64_t> received_bytes_ = 0;
  std::atomic<bool> closing_ = false;  // Written under mutex_.

  std::mutex mutex_;            // No callback and no I/O under it.
  SendQueue incoming_;          // Sent, not yet taken by the writer.
  bool writer_active_ = false;  // A call of writeNext() is posted or a write is under way.
  bool closed_ = false;         // Written by the I/O thread.

  // The rest belongs to the I/O thread.
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer linger_timer_;
  boost::asio::steady_timer answer_timer_;
  int unanswered_looks_ = 0;    // In a row.
  uint64_t written_bytes_ = 0;  // Since the start.
  SendQueue in_flight_;
  FrameReader reader_;
  Handlers handlers_;
  std::function<void()> on_gone_;
  bool sending_shut_down_ = false;
  bool peer_ended_ = false;
  bool abandoned_ = false;
};

}  // namespace cerium::rpc
