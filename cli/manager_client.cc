// Cerium. Licensed under the Apache License 2.0.
#include "cli/manager_client.h"

#include <fmt/format.h>

#include <deque>
#include <utility>

#include "base/config/master_url.h"
#include "base/util/mutex.h"
#include "base/util/printable.h"

namespace cerium::cli {
namespace {

constexpr int kConnectMs = 5'000;
constexpr std::chrono::seconds kAnswerLimit{10};

}  // namespace

ManagerAddresses managerAddresses(const std::string& url, const Conf& conf, const std::string& secret_file,
                                  bool insecure) {
  const MasterUrl parsed = parseMasterUrl(url);
  if (parsed.kind != MasterUrl::Kind::kStandalone)
    throw InvalidArgument(
        fmt::format("{} is not a cluster; write cerium://host:7077, as `cerium manager` prints it", url));
  ManagerAddresses result;
  result.url = url;
  for (const auto& each : parsed.endpoints) result.endpoints.push_back({each.host, each.port});
  result.secret.secret_file = secret_file.empty() ? conf.getString("cerium.authenticate.secretFile") : secret_file;
  result.secret.authenticate = !insecure && conf.getBool("cerium.authenticate");
  return result;
}

struct ManagerClient::Inbox {
  std::function<void()> on_change;
  Mutex mutex;
  CondVar changed;
  std::deque<protocol::ClusterMessage> messages CERIUM_GUARDED_BY(mutex);
  std::optional<std::string> closed CERIUM_GUARDED_BY(mutex);  // the reason

  void tell() {
    changed.notifyAll();
    if (on_change) on_change();
  }
};

ManagerClient::ManagerClient(const ManagerAddresses& managers, const protocol::ClusterMessage& question,
                             std::function<void()> onChange)
    : inbox_(std::make_shared<Inbox>()) {
  inbox_->on_change = std::move(onChange);
  std::string failures;
  bool was_asked = false;
  for (const auto& each : managers.endpoints) {
    manager_ = each;
    rpc::SecretQuery query = managers.secret;
    query.host = each.host;
    query.port = each.port;
    try {
      secret_ = rpc::findClusterSecret(query).value;
      if (ask(question)) return;
      failures += fmt::format("; {} is a standby", each.str());
    } catch (const NoAnswer& e) {
      was_asked = true;
      failures += fmt::format("; {}", e.what());
    } catch (const IoError& e) {
      failures += fmt::format("; {}", e.what());
    }
  }
  if (was_asked) throw NoAnswer("no answer came from the cluster: " + failures.substr(2));
  throw IoError("no manager is in charge of the cluster: " + failures.substr(2));
}

ManagerClient::~ManagerClient() {
  if (connection_) connection_->close();
}

/// Returns false if the manager is a standby. Throws NoAnswer if the question may have reached the manager.
bool ManagerClient::ask(const protocol::ClusterMessage& question) {
  transport_.reset();  // destroys its handlers too; then the inbox can be emptied
  {
    MutexLock lock(inbox_->mutex);
    inbox_->messages.clear();
    inbox_->closed.reset();
  }
  rpc::TransportOptions options;
  options.secret = secret_;
  options.max_message_bytes = protocol::kMaxClusterMessage;
  transport_ = rpc::makeTcpTransport(options);
  rpc::Handlers handlers;
  handlers.onMessage = [inbox = inbox_](const rpc::ConnectionPtr&, const Bytes& bytes) {
    auto message = protocol::decodeCluster(bytes);
    {
      MutexLock lock(inbox->mutex);
      inbox->messages.push_back(std::move(message));
    }
    inbox->tell();
  };
  handlers.onClose = [inbox = inbox_](const rpc::ConnectionPtr&, const std::string& reason) {
    {
      MutexLock lock(inbox->mutex);
      inbox->closed = reason;
    }
    inbox->tell();
  };
  connection_ = transport_->connect(manager_, std::move(handlers), kConnectMs);
  send(question);
  std::optional<protocol::ClusterMessage> answer;
  try {
    answer = next(kAnswerLimit);
  } catch (const IoError& e) {
    throw NoAnswer(e.what());
  }
  if (!answer) throw NoAnswer(fmt::format("the manager at {} does not answer", manager_.str()));
  if (const auto* refused = std::get_if<protocol::Refused>(&*answer)) {
    if (refused->standby) return false;
    throw Error(fmt::format("the manager at {} refuses: {}", manager_.str(), printable(refused->reason)));
  }
  MutexLock lock(inbox_->mutex);
  inbox_->messages.push_front(std::move(*answer));
  return true;
}

void ManagerClient::send(const protocol::ClusterMessage& message) {
  connection_->send(protocol::encodeCluster(message));
}

std::optional<protocol::ClusterMessage> ManagerClient::next(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  MutexLock lock(inbox_->mutex);
  while (inbox_->messages.empty() && !inbox_->closed && inbox_->changed.waitUntil(inbox_->mutex, deadline)) {
  }
  if (!inbox_->messages.empty()) {
    auto message = std::move(inbox_->messages.front());
    inbox_->messages.pop_front();
    return message;
  }
  if (inbox_->closed)
    throw IoError(fmt::format("the connection to the manager at {} ended: {}", manager_.str(), *inbox_->closed));
  return std::nullopt;
}

}  // namespace cerium::cli
