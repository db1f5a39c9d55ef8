// Cerium. Licensed under the Apache License 2.0.
#include "driver/provider/manager_connection.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "base/util/error.h"
#include "base/util/log.h"

namespace cerium {
namespace {

constexpr int kConnectMs = 3'000;
constexpr auto kFirstPause = std::chrono::milliseconds(100);
constexpr auto kLongestPause = std::chrono::milliseconds(1'000);

}  // namespace

ManagerConnection::ManagerConnection(Options options, std::function<protocol::ClusterMessage()> greet,
                                     std::function<void(protocol::ClusterMessage)> on_message)
    : options_(std::move(options)), greet_(std::move(greet)), on_message_(std::move(on_message)) {
  rpc::TransportOptions transport;
  transport.secret = options_.secret;
  transport.max_message_bytes = protocol::kMaxClusterMessage;
  transport.thread_name = "cerium-mgr-rpc";
  transport_ = rpc::makeTcpTransport(transport);
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "cerium-manager");
}

ManagerConnection::~ManagerConnection() {
  rpc::ConnectionPtr open;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    open = connection_;
    changed_.notifyAll();
  }
  if (open) open->close();
  thread_.join();
  transport_.reset();
}

bool ManagerConnection::send(const protocol::ClusterMessage& message) {
  MutexLock lock(mutex_);
  if (connection_) {
    connection_->send(protocol::encodeCluster(message));
  } else {
    ++dropped_;
  }
  return connection_ != nullptr;
}

std::string ManagerConnection::lastError() const {
  MutexLock lock(mutex_);
  return last_error_;
}

bool ManagerConnection::hasWrongSecret() const {
  MutexLock lock(mutex_);
  return wrong_secrets_ >= options_.managers.size();
}

void ManagerConnection::run() {
  auto pause = kFirstPause;
  bool had_one = false;
  for (size_t at = 0;; at = (at + 1) % options_.managers.size()) {
    const bool connected = attempt(options_.managers[at]);
    MutexLock lock(mutex_);
    if (connected) {
      if (had_one) log::info("connected to the manager at {} again", options_.managers[at].str());
      while (!stopping_ && connection_) changed_.wait(mutex_);
      if (!stopping_) log::warn("the connection to the manager broke ({}); running jobs go on", last_error_);
      had_one = true;
      pause = kFirstPause;
    }
    const auto next = std::chrono::steady_clock::now() + pause;
    while (!stopping_ && changed_.waitUntil(mutex_, next)) {
    }
    if (stopping_) return;
    pause = std::min<std::chrono::milliseconds>(2 * pause, kLongestPause);
  }
}

bool ManagerConnection::attempt(const rpc::Endpoint& manager) {
  uint64_t number = 0;
  {
    MutexLock lock(mutex_);
    if (stopping_) return false;
    number = ++number_;
  }
  try {
    auto connection = transport_->connect(
        manager,
        {[this](const rpc::ConnectionPtr&, const Bytes& bytes) { on_message_(protocol::decodeCluster(bytes)); },
         [this, number](const rpc::ConnectionPtr&, const std::string& reason) { closed(number, reason); }},
        kConnectMs);
    return open(std::move(connection), number);
  } catch (const std::exception& e) {
    MutexLock lock(mutex_);
    last_error_ = e.what();
    wrong_secrets_ = dynamic_cast<const rpc::WrongSecret*>(&e) == nullptr ? 0 : wrong_secrets_ + 1;
    return false;
  }
}

bool ManagerConnection::open(rpc::ConnectionPtr connection, uint64_t number) {
  MutexLock lock(mutex_);
  for (;;) {
    const uint64_t dropped = dropped_;
    lock.unlock();
    const protocol::ClusterMessage greeting = greet_();  // takes locks of its owner's, under which that may send
    lock.lock();
    if (number != number_) return false;  // closed already
    if (dropped != dropped_) continue;    // the greeting may not say what that did
    connection->send(protocol::encodeCluster(greeting));
    connection_ = std::move(connection);
    wrong_secrets_ = 0;
    if (stopping_) connection_->close();
    return true;
  }
}

void ManagerConnection::closed(uint64_t number, const std::string& reason) {
  MutexLock lock(mutex_);
  if (number != number_) return;
  ++number_;
  connection_.reset();
  last_error_ = reason;
  changed_.notifyAll();
}

}  // namespace cerium
