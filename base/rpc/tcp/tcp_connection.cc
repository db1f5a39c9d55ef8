// Cerium. Licensed under the Apache License 2.0.
// Reading, writing and the ways a connection ends. See tcp_connection.h.
#include "base/rpc/tcp/tcp_connection.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>
#include <vector>

namespace cerium::rpc {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// The most buffers that Asio passes to one system call.
constexpr size_t kRunsPerWrite = 64;
/// A closing connection is cut if its peer takes no bytes for this long.
constexpr std::chrono::milliseconds kLinger{5'000};
/// The whole time that a closing connection has after its transport is destroyed.
constexpr std::chrono::milliseconds kLingerAtExit{1'000};

std::string describePeer(const asio::ip::tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "a peer that is already gone";
  const std::string host = endpoint.address().to_string();
  return fmt::format(fmt::runtime(endpoint.address().is_v6() ? "[{}]:{}" : "{}:{}"), host, endpoint.port());
}

/// A peer's machine counts as gone after this many looks in a row that find sent data unanswered, or after about 20
/// seconds without data (keepalive).
constexpr int kUnansweredLooks = 10;
constexpr std::chrono::milliseconds kLookForAnswers{1'000};

/// Sends small messages at once and keeps the connection alive. Errors are ignored: a missing option costs speed, not
/// correctness.
void tune(asio::ip::tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  using Option = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
  using Interval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
  using Count = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;
  socket.set_option(Option(10), ignored);
  socket.set_option(Interval(3), ignored);
  socket.set_option(Count(3), ignored);
}

/// Whether data is being retransmitted, or a full receiver is being probed, without an answer. TCP_USER_TIMEOUT would
/// not do: from Linux 5.11 on it also breaks connections to a process that is stopped (in a debugger, with Ctrl-Z),
/// although its system answers.
bool isUnanswered(asio::ip::tcp::socket& socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  const bool is_old = info.tcpi_last_ack_recv > kLookForAnswers.count();
  return is_old && (info.tcpi_retransmits > 0 || info.tcpi_probes > 1);  // one probe may be on its way
}

std::string describe(const error_code& error) {
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe) return "connection reset by peer";
  return error.message();
}

}  // namespace

TcpConnection::TcpConnection(std::shared_ptr<asio::io_context> io, asio::ip::tcp::socket socket,
                             uint64_t max_message_bytes)
    : io_(std::move(io)),
      max_message_bytes_(max_message_bytes),
      peer_(describePeer(socket)),
      socket_(std::move(socket)),
      linger_timer_(*io_),
      answer_timer_(*io_),
      reader_(max_message_bytes) {
  tune(socket_);
}

void TcpConnection::send(Bytes message) {
  const size_t size = message.size();
  // Computed before the lock, because it takes time; skipped for a message that is not sent.
  const FrameHeader header = size > max_message_bytes_ ? FrameHeader{} : FrameHeader::of(message.view());
  MutexLock lock(mutex_);
  if (closing_ || closed_) return;
  if (size > max_message_bytes_) {
    // Posted under the lock, as all posts are: after closed_ is set, no work may enter the io_context.
    asio::post(*io_, [self = shared_from_this(), size] {
      self->finish(
          fmt::format("a message of {} bytes was sent, over the limit of {}; raise max_message_bytes or send "
                      "less at once",
                      size, self->max_message_bytes_));
    });
    return;
  }
  queued_bytes_ += size + FrameHeader::kBytes;
  incoming_.push(header, std::move(message));
  wakeWriter();
}

void TcpConnection::close() {
  MutexLock lock(mutex_);
  if (closing_ || closed_) return;
  closing_ = true;
  asio::post(*io_, [self = shared_from_this()] { self->armLinger(); });
  wakeWriter();
}

void TcpConnection::wakeWriter() {
  if (writer_active_) return;
  writer_active_ = true;
  asio::post(*io_, [self = shared_from_this()] { self->writeNext(); });
}

void TcpConnection::start(Handlers handlers, Bytes early, std::function<void()> onGone) {
  handlers_ = std::move(handlers);
  on_gone_ = std::move(onGone);
  if (!early.empty()) {
    // `early` is shorter than a handshake, so it fits into an empty reader's space.
    std::memcpy(reader_.space()[0].data(), early.data(), early.size());
    received_bytes_ += early.size();
    reader_.received(early.size());
    deliverMessages();
  }
  read();
  lookForAnswers();
}

void TcpConnection::lookForAnswers() {
  if (closed_) return;
  unanswered_looks_ = isUnanswered(socket_) ? unanswered_looks_ + 1 : 0;
  if (unanswered_looks_ >= kUnansweredLooks) return finish("the peer's machine does not answer");
  answer_timer_.expires_after(kLookForAnswers);
  answer_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->lookForAnswers();
  });
}

void TcpConnection::abandon() {
  if (!closing_) return finish("the transport was destroyed");
  abandoned_ = true;
  armLinger();
}

void TcpConnection::writeNext() {
  if (closed_) return;
  if (in_flight_.empty()) {
    MutexLock lock(mutex_);
    std::swap(in_flight_, incoming_);
    if (in_flight_.empty()) {
      writer_active_ = false;
      // Read under the lock: a message may be sent and the connection closed right after it is released.
      const bool all_sent = closing_;
      lock.unlock();
      if (all_sent) shutDownSending();
      return;
    }
  }
  std::vector<asio::const_buffer> buffers;
  in_flight_.forFront(kRunsPerWrite, [&](std::span<const char> run) { buffers.emplace_back(run.data(), run.size()); });
  socket_.async_write_some(
      buffers, [self = shared_from_this()](const error_code& error, size_t count) { self->onWritten(error, count); });
}

void TcpConnection::onWritten(const error_code& error, size_t count) {
  if (closed_) return;
  if (error) return finish(describe(error));
  in_flight_.consume(count);
  queued_bytes_ -= count;
  written_bytes_ += count;
  writeNext();
}

void TcpConnection::shutDownSending() {
  if (sending_shut_down_) return;
  sending_shut_down_ = true;
  error_code ignored;  // If the socket broke meanwhile, the pending read reports it.
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  // The connection waits for the peer's end of stream. Closing while the peer's bytes are unread would reset the
  // connection, and a reset can destroy the last sent messages before the peer reads them.
  if (peer_ended_) finish("closed by this process");
}

void TcpConnection::read() {
  if (closed_ || peer_ended_) return;
  if (closing_) reader_.discard();  // Messages after close() are dropped; reading goes on to see the peer's end.
  std::array<asio::mutable_buffer, 2> buffers;
  try {
    const auto space = reader_.space();
    buffers = {asio::buffer(space[0].data(), space[0].size()), asio::buffer(space[1].data(), space[1].size())};
  } catch (const std::bad_alloc&) {
    return finish("this process has no memory for the message that the peer sends");
  }
  socket_.async_read_some(
      buffers, [self = shared_from_this()](const error_code& error, size_t count) { self->onRead(error, count); });
}

void TcpConnection::onRead(const error_code& error, size_t count) {
  if (closed_) return;
  if (error == asio::error::eof) return onEndOfStream();
  if (error) return finish(describe(error));
  received_bytes_ += count;
  reader_.received(count);
  deliverMessages();
  read();
}

void TcpConnection::deliverMessages() {
  try {
    while (!closing_ && !closed_) {
      std::optional<Bytes> message = reader_.next();
      if (!message) return;
      if (handlers_.onMessage) handlers_.onMessage(shared_from_this(), std::move(*message));
    }
  } catch (const std::exception& error) {
    finish(error.what());
  }
}

void TcpConnection::onEndOfStream() {
  peer_ended_ = true;
  if (!closing_)
    return finish(reader_.isInsideFrame() ? "closed by peer in the middle of a message" : "closed by peer");
  if (sending_shut_down_) finish("closed by this process");
}

void TcpConnection::armLinger() {
  if (closed_) return;
  linger_timer_.expires_after(abandoned_ ? kLingerAtExit : kLinger);
  linger_timer_.async_wait([self = shared_from_this(), before = takenBytes()](const error_code& error) {
    if (error || self->closed_) return;
    if (self->takenBytes() != before && !self->abandoned_) return self->armLinger();
    self->finish(
        fmt::format("closed by this process; the peer did not take the last {} bytes", self->queued_bytes_.load()));
  });
}

uint64_t TcpConnection::takenBytes() {
  int in_kernel = 0;  // written but not acknowledged: on a slow network megabytes, and minutes
  ::ioctl(socket_.native_handle(), SIOCOUTQ, &in_kernel);
  return written_bytes_ - static_cast<uint64_t>(in_kernel);
}

void TcpConnection::finish(const std::string& reason) {
  if (closed_) return;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    incoming_.clear();
    queued_bytes_ = 0;
  }
  in_flight_.clear();
  linger_timer_.cancel();
  answer_timer_.cancel();
  error_code ignored;  // A failed close cannot be repeated.
  socket_.close(ignored);
  // Moved out, because handlers often hold the connection: they would keep it and themselves alive.
  const Handlers handlers = std::exchange(handlers_, {});
  if (handlers.onClose) handlers.onClose(shared_from_this(), reason);
  std::exchange(on_gone_, nullptr)();
}

}  // namespace cerium::rpc
