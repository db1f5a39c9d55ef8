// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/worker/manager_link.h"

#include <pthread.h>

#include <utility>

#include "base/util/error.h"

namespace cerium::cluster_manager {
namespace {

constexpr int kConnectMs = 3'000;

}  // namespace

ManagerLink::ManagerLink(ManagerLinkOptions options, std::function<void(worker::Event)> post)
    : options_(std::move(options)), post_(std::move(post)) {
  rpc::SecretQuery query = options_.secret;
  query.host = options_.managers.front().host;
  query.port = options_.managers.front().port;
  try {
    (void)rpc::findClusterSecret(query);
  } catch (const IoError&) {
    // The manager has not made the secret yet.
  }
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "cerium-link");
}

ManagerLink::~ManagerLink() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notifyAll();
  }
  thread_.join();
  disconnect();
  transport_.reset();
}

void ManagerLink::connect(size_t address) {
  MutexLock lock(mutex_);
  wanted_ = address;
  changed_.notifyAll();
}

void ManagerLink::send(const protocol::ClusterMessage& message) {
  MutexLock lock(mutex_);
  if (connection_) connection_->send(protocol::encodeCluster(message));
}

void ManagerLink::disconnect() {
  MutexLock lock(mutex_);
  if (connection_) connection_->close();
  connection_.reset();
  inbox_.clear();
  ++current_;
}

std::string ManagerLink::secret() const {
  MutexLock lock(mutex_);
  return secret_;
}

uint16_t ManagerLink::port() const {
  MutexLock lock(mutex_);
  return port_;
}

void ManagerLink::run() {
  MutexLock lock(mutex_);
  for (;;) {
    while (!stopping_ && !wanted_ && inbox_.empty()) changed_.wait(mutex_);
    if (stopping_) return;
    std::optional<worker::Event> event;
    if (!inbox_.empty()) {
      event = std::move(inbox_.front());
      inbox_.pop_front();
    }
    const auto address = event ? std::nullopt : std::exchange(wanted_, std::nullopt);
    lock.unlock();
    post_(event ? std::move(*event) : attempt(*address));
    lock.lock();
  }
}

worker::Event ManagerLink::attempt(size_t address) {
  const rpc::Endpoint& manager = options_.managers[address];
  try {
    connectTo(manager);
    return worker::Connected{};
  } catch (const std::exception& e) {
    return worker::ConnectFailed{e.what()};
  }
}

void ManagerLink::connectTo(const rpc::Endpoint& manager) {
  rpc::SecretQuery query = options_.secret;
  query.host = manager.host;
  query.port = manager.port;
  prepareTransport(rpc::findClusterSecret(query).value);
  uint64_t number = 0;
  {
    MutexLock lock(mutex_);
    number = ++current_;
    inbox_.clear();
  }
  rpc::ConnectionPtr connection = transport_->connect(manager, handlers(number), kConnectMs);
  MutexLock lock(mutex_);
  if (number != current_) {
    connection->close();
    throw IoError("the worker ends");
  }
  const auto* closed = inbox_.empty() ? nullptr : std::get_if<worker::Disconnected>(&inbox_.back());
  if (closed != nullptr) {
    const std::string reason = closed->reason;
    inbox_.clear();
    throw IoError(manager.str() + ": " + reason);
  }
  connection_ = std::move(connection);
}

void ManagerLink::prepareTransport(const std::string& secret) {
  {
    MutexLock lock(mutex_);
    if (transport_ && secret == secret_) return;
  }
  transport_.reset();  // closes its port too
  rpc::TransportOptions options;
  options.secret = secret;
  options.max_message_bytes = protocol::kMaxClusterMessage;
  options.thread_name = "cerium-wrk-rpc";
  auto transport = rpc::makeTcpTransport(options);
  const rpc::Endpoint at = transport->listen(
      {options_.listen.host, port() > 0 ? port() : options_.listen.port},
      [](const rpc::ConnectionPtr&) -> rpc::Handlers {
        return {[](const rpc::ConnectionPtr&, const Bytes&) { throw CorruptData("workers take no messages here"); },
                [](const rpc::ConnectionPtr&, const std::string&) {}};
      });
  transport_ = std::move(transport);
  MutexLock lock(mutex_);
  secret_ = secret;
  port_ = at.port;
}

rpc::Handlers ManagerLink::handlers(uint64_t connection) {
  return {[this, connection](const rpc::ConnectionPtr&, const Bytes& bytes) {
            receive(connection, worker::FromManager{protocol::decodeCluster(bytes)});
          },
          [this, connection](const rpc::ConnectionPtr&, const std::string& reason) {
            receive(connection, worker::Disconnected{reason});
          }};
}

void ManagerLink::receive(uint64_t connection, worker::Event event) {
  MutexLock lock(mutex_);
  if (connection != current_) return;
  if (std::holds_alternative<worker::Disconnected>(event)) connection_.reset();
  inbox_.push_back(std::move(event));
  changed_.notifyAll();
}

}  // namespace cerium::cluster_manager
