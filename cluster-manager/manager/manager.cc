// Cerium. Licensed under the Apache License 2.0.
// A loop takes events from a queue, passes them to ManagerState and carries out its instructions: first the journal,
// then the messages.
#include "cluster-manager/manager/manager.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <utility>

#include "base/util/error.h"
#include "base/util/host_name.h"
#include "base/util/log.h"
#include "cluster-manager/manager/manager_impl.h"
#include "web-ui/pages/web_pages.h"

namespace cerium::cluster_manager {
namespace {

using namespace protocol;

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr auto kLockAttempt = std::chrono::milliseconds(500);

void makeFolder(const std::string& path) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(path, error);
  if (error) throw IoError(fmt::format("cannot make the recovery folder {}: {}", path, error.message()));
  if (is_new) ::chmod(path.c_str(), 0700);
}

rpc::TransportOptions transportOptions(const ManagerOptions& options) {
  rpc::TransportOptions result;
  result.secret = options.secret;
  result.max_message_bytes = protocol::kMaxClusterMessage;
  result.thread_name = "cerium-mgr-rpc";
  return result;
}

}  // namespace

Manager::Impl::Impl(ManagerOptions given)
    : options(std::move(given)), lock((makeFolder(options.recovery_dir), options.recovery_dir)) {
  const std::string who = fmt::format("process {} at {}", ::getpid(), options.listen.str());
  const bool locked = lock.tryLock(who);
  if (!locked && !options.standby) {
    throw InvalidArgument(fmt::format(
        "another manager ({}) is in charge of {}; add --standby to wait until it is gone, or choose another "
        "--recovery-dir",
        lock.holder(), options.recovery_dir));
  }
  transport = rpc::makeTcpTransport(transportOptions(options));
  // Connections that open before the loop runs wait in the queue.
  bound = transport->listen(options.listen, [this](const rpc::ConnectionPtr& peer) { return onConnect(peer); });
  url = managerUrl(bound);
  if (locked) takeCharge();
  web = std::make_unique<http::WebPort>(
      http::WebPort::Options{
          .server = {.host = options.listen.host, .port = options.web_port, .setting = "--webui-port"},
          .pages = "manager",
          .version = options.version,
          .can_change = true,
          .token = http::clusterToken(options.secret),
          .allowed_hosts = options.web_names,
          .files = http::webPages()},
      routes());
  loop = std::thread([this] {
    pthread_setname_np(pthread_self(), "cerium-manager");
    run();
  });
}

Manager::Impl::~Impl() {
  {
    MutexLock guard(queue_mutex);
    stopping = true;
  }
  queue_changed.notifyAll();
  if (loop.joinable()) loop.join();
  web.reset();
  transport.reset();
}

rpc::Handlers Manager::Impl::onConnect(const rpc::ConnectionPtr& connection) {
  const ConnectionId id = next_connection++;
  post({id, connection, std::nullopt});
  rpc::Handlers handlers;
  handlers.onMessage = [this, id](const rpc::ConnectionPtr&, const Bytes& message) {
    post({id, nullptr, decodeCluster(message)});  // A message that cannot be decoded throws, which ends the connection.
  };
  handlers.onClose = [this, id](const rpc::ConnectionPtr&, const std::string&) { post({id, nullptr, std::nullopt}); };
  return handlers;
}

void Manager::Impl::post(Happening happening) {
  {
    MutexLock guard(queue_mutex);
    queue.push_back(std::move(happening));
  }
  queue_changed.notifyOne();
}

void Manager::Impl::run() {
  try {
    for (;;) {
      {
        MutexLock guard(queue_mutex);
        if (stopping) return;
      }
      runOnce();
    }
  } catch (const std::exception& error) {
    log::error("the manager cannot go on: {}", error.what());
    for (const auto& [id, connection] : connections) connection->close();
    in_charge = false;
    if (options.on_failure) options.on_failure(error.what());
  }
}

/// Waits for events, at most until the next tick, and handles them.
void Manager::Impl::runOnce() {
  std::deque<Happening> happened;
  {
    MutexLock guard(queue_mutex);
    while (!stopping && queue.empty() && queue_changed.waitUntil(queue_mutex, next_tick)) {
    }
    happened.swap(queue);
  }
  for (Happening& each : happened) handle(each);
  if (SteadyClock::now() < next_tick) return;
  pulse.beat();
  if (!in_charge) {
    next_tick = SteadyClock::now() + kLockAttempt;
    if (lock.tryLock(fmt::format("process {} at {}", ::getpid(), bound.str()))) takeCharge();
    return;
  }
  next_tick = SteadyClock::now() + kTick;
  Instructions instructions;
  {
    MutexLock guard(state_mutex);
    instructions = state->tick(monotonic());
  }
  if (!instructions.empty()) ++version;
  carryOut(std::move(instructions));
  journal->tidy([this] {
    MutexLock guard(state_mutex);
    return state->snapshot();
  });
}

void Manager::Impl::handle(Happening& happening) {
  const ConnectionId id = happening.connection;
  ++version;
  if (happening.order != nullptr) {
    if (!in_charge) return;
    Instructions instructions;
    {
      MutexLock guard(state_mutex);
      instructions = ((*state).*happening.order)(happening.of, monotonic());
    }
    carryOut(std::move(instructions));
  } else if (happening.opened) {
    connections[id] = std::move(happening.opened);
  } else if (!in_charge) {
    if (happening.message) sendTo(id, Refused{"this manager stands by for another", true});
    if (const auto found = connections.find(id); found != connections.end()) found->second->close();
    if (!happening.message) connections.erase(id);
  } else {
    Instructions instructions;
    {
      MutexLock guard(state_mutex);
      instructions = happening.message ? state->received(id, *happening.message, monotonic())
                                       : state->disconnected(id, monotonic());
    }
    if (!happening.message) connections.erase(id);
    carryOut(std::move(instructions));
  }
}

void Manager::Impl::takeCharge() {
  const std::string path = options.recovery_dir + "/journal";
  const Journal::Contents found = Journal::read(path);
  if (found.damaged_bytes > 0) {
    std::error_code ignored;  // the copy is only for a human
    std::filesystem::copy_file(path, path + ".damaged", std::filesystem::copy_options::overwrite_existing, ignored);
    log::warn("{}: {} bytes are not whole records and are left out; the damaged journal is kept as {}.damaged", path,
              found.damaged_bytes, path);
  }
  Instructions instructions;
  std::vector<JournalRecord> snapshot;
  {
    MutexLock guard(state_mutex);
    state.emplace(ManagerState::Options{.url = url,
                                        .spread_out = options.spread_out,
                                        .lost_after = options.lost_after,
                                        .wall_offset = wallClock() - monotonic()});
    instructions = state->recover(found.records, monotonic());
    snapshot = state->snapshot();
  }
  journal.emplace(path, snapshot);
  in_charge = true;
  if (options.standby) log::warn("this manager, {}, is in charge now", url);
  carryOut(std::move(instructions));
}

void Manager::Impl::carryOut(Instructions instructions) {
  std::vector<JournalRecord> records;
  for (Instruction& each : instructions) {
    if (auto* keep = std::get_if<Keep>(&each)) records.push_back(std::move(keep->record));
  }
  if (!records.empty()) journal->append(records);
  for (const Instruction& each : instructions) {
    if (const auto* message = std::get_if<Send>(&each)) {
      sendTo(message->to, message->message);
    } else if (const auto* close = std::get_if<Close>(&each)) {
      const auto found = connections.find(close->connection);
      if (found == connections.end()) continue;
      log::info("the connection to {} is closed: {}", found->second->peer(), close->reason);
      found->second->close();
      connections.erase(found);  // closes once, even if the peer sends more
    } else if (const auto* note = std::get_if<Note>(&each)) {
      log::info("{}", note->text);
    }
  }
}

void Manager::Impl::sendTo(ConnectionId connection, const ClusterMessage& message) {
  const auto found = connections.find(connection);
  if (found != connections.end()) found->second->send(encodeCluster(message));
}

Manager::Manager(ManagerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Manager::~Manager() = default;

rpc::Endpoint Manager::endpoint() const { return impl_->bound; }
uint16_t Manager::webPort() const { return impl_->web->port(); }
std::string Manager::webLink() const { return impl_->web->link(); }
std::string Manager::json() const { return impl_->jsonText(); }
bool Manager::isInCharge() const { return impl_->in_charge; }

std::string managerUrl(const rpc::Endpoint& endpoint) {
  std::string host = endpoint.host;
  if (host == "0.0.0.0" || host == "::") {
    if (std::string name = hostName(); !name.empty()) host = std::move(name);
  }
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return fmt::format("cerium://{}:{}", host, endpoint.port);
}

}  // namespace cerium::cluster_manager
