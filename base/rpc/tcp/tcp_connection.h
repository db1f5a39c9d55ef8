// Cerium. Licensed under the Apache License 2.0.
// One established TCP connection: queues and gathers messages to send, cuts received bytes into messages.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/rpc/tcp/frame_reader.h"
#include "base/rpc/tcp/send_queue.h"
#include "base/rpc/transport.h"
#include "base/util/mutex.h"

namespace cerium::rpc {

/// Life: open -> closing (close() was called: flush, shut down, wait for the peer's end) -> closed (onClose was
/// called). A broken socket goes to closed from either state. Threads: the methods of Connection from any thread; the
/// others on the I/O thread only.
class TcpConnection final : public Connection, public std::enable_shared_from_this<TcpConnection> {
 public:
  /// `socket` has passed the handshake. The io_context is shared, because a user may keep a connection longer than its
  /// transport.
  TcpConnection(std::shared_ptr<boost::asio::io_context> io, boost::asio::ip::tcp::socket socket,
                uint64_t max_message_bytes);

  void send(Bytes message) override;
  void close() override;
  [[nodiscard]] size_t queuedBytes() const override { return queued_bytes_; }
  [[nodiscard]] uint64_t receivedBytes() const override { return received_bytes_; }
  [[nodiscard]] std::string peer() const override { return peer_; }

  /// Starts to receive. `early` holds bytes that were read after the handshake; `onGone` runs after onClose.
  void start(Handlers handlers, Bytes early, std::function<void()> onGone);

  /// Called when the transport is destroyed. Ends the connection now, or within a second if close() was called and
  /// bytes are left.
  void abandon();

 private:
  void wakeWriter() CERIUM_REQUIRES(mutex_);
  void writeNext();
  void onWritten(const boost::system::error_code& error, size_t count);
  void shutDownSending();

  void read();
  void onRead(const boost::system::error_code& error, size_t count);
  void deliverMessages();
  void onEndOfStream();

  /// Ends a closing connection whose peer takes no bytes for a while.
  void armLinger();
  /// Written bytes that the peer's system has acknowledged.
  [[nodiscard]] uint64_t takenBytes();
  /// Ends the connection if the peer's machine does not answer.
  void lookForAnswers();
  void finish(const std::string& reason);

  const std::shared_ptr<boost::asio::io_context> io_;
  const uint64_t max_message_bytes_;
  const std::string peer_;
  std::atomic<size_t> queued_bytes_ = 0;
  std::atomic<uint64_t> received_bytes_ = 0;
  std::atomic<bool> closing_ = false;  // Written under mutex_.

  Mutex mutex_;                                           // Callbacks and I/O run without it.
  SendQueue incoming_ CERIUM_GUARDED_BY(mutex_);          // Messages that the writer has not taken yet.
  bool writer_active_ CERIUM_GUARDED_BY(mutex_) = false;  // A call of writeNext() is posted, or a write is running.
  bool closed_ = false;  // Written by the I/O thread under mutex_; the I/O thread reads it without.

  // The I/O thread owns the members below.
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer linger_timer_;
  boost::asio::steady_timer answer_timer_;
  int unanswered_looks_ = 0;    // Looks in a row that found no answer.
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
