// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/worker/manager_link.h"

#include <pthread.h>

#include <utility>

#include "base/util/error.h"

namespace cerium::cluster_manager {
namespace {

constexpr int kConnectMs = 3'000;
constexpr uint64_t kMaxMessage = 64 << 20;

}  // namespace

ManagerLink::ManagerLink(ManagerLinkOptions options, std::function<void(worker::Event)> post)
    : options_(std::move(options)), post_(std::move(post)) {
  rpc::SecretQuery query = options_.secret;
  query.host = options_.managers.front().host;
  query.port = options_.managers.front().port;
  try {
    (void)rpc::findClusterSecret(query);
  } catch (const IoError&) {
    // The manager has not made it yet.
  }
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "cerium-link");
}

ManagerLink::~ManagerLink() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
  disconnect();
  transport_.reset();
}

void ManagerLink::connect(size_t address) {
  std::lock_guard lock(mutex_);
  wanted_ = address;
  changed_.notify_all();
}

void ManagerLink::send(const protocol::ClusterMessage& message) {
  std::lock_guard lock(mutex_);
  if (connection_) connection_->send(protocol::encodeCluster(message));
}

void ManagerLink::disconnect() {
  std::lock_guard lock(mutex_);
  if (connection_) connection_->close();
  connection_.reset();
  open_ = false;
  ++current_;
}

std::string ManagerLink::secret() const {
  std::lock_guard lock(mutex_);
  return secret_;
}

uint16_t ManagerLink::port() const {
  std::lock_guard lock(mutex_);
  return port_;
}

void ManagerLink::run() {
  for (;;) {
    size_t address = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || wanted_; });
      if (stopping_) return;
      address = *wanted_;
      wanted_.reset();
    }
    try {
      attempt(address);
    } catch (const std::exception& e) {
      post_(worker::ConnectFailed{e.what()});
    }
  }
}

void ManagerLink::attempt(size_t address) {
  const rpc::Endpoint& manager = options_.managers[address];
  rpc::SecretQuery query = options_.secret;
  query.host = manager.host;
  query.port = manager.port;
  prepareTransport(rpc::findClusterSecret(query).value);
  uint64_t number = 0;
  {
    std::lock_guard lock(mutex_);
    number = ++current_;
    early_end_.clear();
  }
  rpc::ConnectionPtr connection = transport_->connect(manager, handlers(number), kConnectMs);
  std::lock_guard lock(mutex_);
  if (number != current_) return connection->close();  // the worker ends
  if (!early_end_.empty()) throw IoError(manager.str() + ": " + early_end_);
  connection_ = std::move(connection);
  open_ = true;
  post_(worker::Connected{});
}

void ManagerLink::prepareTransport(const std::string& secret) {
  {
    std::lock_guard lock(mutex_);
    if (transport_ && secret == secret_) return;
  }
  transport_.reset();  // its port, too
  rpc::TransportOptions options;
  options.secret = secret;
  options.max_message_bytes = kMaxMessage;
  options.thread_name = "cerium-wrk-rpc";
  auto transport = rpc::makeTcpTransport(options);
  const rpc::Endpoint at = transport->listen(
      {options_.listen.host, port() > 0 ? port() : options_.listen.port},
      [](const rpc::ConnectionPtr&) -> rpc::Handlers {
        return {[](const rpc::ConnectionPtr&, const Bytes&) { throw CorruptData("workers take no messages here"); },
                [](const rpc::ConnectionPtr&, const std::string&) {}};
      });
  transport_ = std::move(transport);
  std::lock_guard lock(mutex_);
  secret_ = secret;
  port_ = at.port;
}

rpc::Handlers ManagerLink::handlers(uint64_t connection) {
  return {[this, connection](const rpc::ConnectionPtr&, const Bytes& bytes) {
            auto message = protocol::decodeCluster(bytes);
            std::lock_guard lock(mutex_);
            if (connection == current_ && open_) post_(worker::FromManager{std::move(message)});
          },
          [this, connection](const rpc::ConnectionPtr&, const std::string& reason) {
            std::lock_guard lock(mutex_);
            if (connection != current_) return;
            if (!open_) {
              early_end_ = reason.empty() ? "closed by peer" : reason;
              return;
            }
            open_ = false;
            connection_.reset();
            post_(worker::Disconnected{reason});
          }};
}

}  // namespace cerium::cluster_manager
