// Cerium. Licensed under the Apache License 2.0.
// A loop takes events from a queue, passes them to WorkerState and carries out its instructions.
#include "cluster-manager/worker/worker.h"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <thread>
#include <utility>

#include "base/util/error.h"
#include "base/util/log.h"
#include "base/util/mutex.h"
#include "base/util/new_id.h"
#include "cluster-manager/cluster_changes.h"
#include "cluster-manager/pulse.h"
#include "cluster-manager/worker/child_runner.h"
#include "cluster-manager/worker/manager_link.h"
#include "cluster-manager/worker/work_folder.h"
#include "cluster-manager/worker/worker_json.h"
#include "cluster-manager/worker/worker_state.h"
#include "web-ui/http/prometheus.h"
#include "web-ui/http/web_port.h"
#include "web-ui/pages/web_pages.h"

namespace cerium::cluster_manager {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kTick = std::chrono::milliseconds(200);

Millis monotonic() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now().time_since_epoch()).count();
}

protocol::RegisterWorker describe(const WorkerOptions& options) {
  protocol::RegisterWorker self;
  self.worker = newId("worker");
  self.host = options.host;
  self.cores = options.cores;
  self.memory = options.memory;
  self.pid = ::getpid();
  return self;
}

std::string urlOf(const std::vector<rpc::Endpoint>& managers) {
  std::string url;
  for (const auto& each : managers) {
    const bool is_v6 = each.host.find(':') != std::string::npos;
    url += fmt::format(fmt::runtime(is_v6 ? "{}[{}]:{}" : "{}{}:{}"), url.empty() ? "cerium://" : ",", each.host,
                       each.port);
  }
  return url;
}

WorkerState::Options stateOptions(const WorkerOptions& options, const protocol::RegisterWorker& self) {
  WorkerState::Options result;
  result.self = self;
  result.addresses = options.managers.size();
  return result;
}

ManagerLinkOptions linkOptions(const WorkerOptions& options) {
  rpc::SecretQuery query;
  query.secret_file = options.secret_file;
  query.authenticate = options.authenticate;
  return {options.managers, {options.host, options.port}, std::move(query)};
}

/// A port that other machines reach takes the token of its manager's.
http::WebPort::Options webOptions(const WorkerOptions& options) {
  http::WebPort::Options web{.server = {.host = options.host, .port = options.web_port, .setting = "--webui-port"},
                             .pages = "worker",
                             .version = options.version,
                             .allowed_hosts = options.web_names,
                             .files = http::webPages()};
  if (!rpc::isLoopback(options.host))
    web.token = http::clusterToken(rpc::findClusterSecret(linkOptions(options).secret, options.managers).value);
  return web;
}

}  // namespace

struct WorkerDaemon::Impl {
  Impl(WorkerOptions given, std::function<void()> onLeft)
      : options(std::move(given)),
        on_left(std::move(onLeft)),
        self(describe(options)),
        id(self.worker),
        state(stateOptions(options, self)),
        folder(options.work_dir,
               options.or_next_work_dir ? WorkFolder::IfInUse::kTakeNext : WorkFolder::IfInUse::kFail),
        web(webOptions(options), routes()),
        children({folder.path(), options.host, urlOf(options.managers)}, options.limits,
                 [this](worker::Event event) { post(std::move(event)); }),
        link(linkOptions(options), [this](worker::Event event) { post(std::move(event)); }) {
    loop = std::thread([this] {
      pthread_setname_np(pthread_self(), "cerium-worker");
      run();
    });
  }

  ~Impl() {
    {
      MutexLock lock(queue_mutex);
      stopping = true;
      queue_changed.notifyAll();
    }
    loop.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void post(worker::Event event) {
    MutexLock lock(queue_mutex);
    queue.push_back(std::move(event));
    queue_changed.notifyAll();
  }

  void run() {
    auto next_tick = SteadyClock::now();
    for (;;) {
      std::deque<worker::Event> events;
      {
        MutexLock lock(queue_mutex);
        while (!stopping && queue.empty() && queue_changed.waitUntil(queue_mutex, next_tick)) {
        }
        if (stopping) return;
        events.swap(queue);
      }
      if (SteadyClock::now() >= next_tick) {
        next_tick = SteadyClock::now() + kTick;
        pulse.beat();
        events.emplace_back(worker::Tick{options.limits.memoryUsed()});
      }
      for (const auto& event : events) handle(event);
    }
  }

  void handle(const worker::Event& event) {
    if (!std::holds_alternative<worker::Tick>(event)) ++version;
    worker::Instructions instructions;
    try {
      MutexLock lock(state_mutex);
      instructions = state.on(event, monotonic());
    } catch (const CorruptData& e) {
      log::warn("{}; the connection is given up", e.what());
      link.disconnect();
      return post(worker::Disconnected{e.what()});
    }
    if (const auto* ended = std::get_if<worker::Ended>(&event)) noteEnd(*ended);
    for (const auto& instruction : instructions) {
      std::visit([this](const auto& each) { carryOut(each); }, instruction);
    }
  }

  void noteEnd(const worker::Ended& ended) {
    log::info("{} ended: {}{}", ended.child.str(),
              ended.how.signal > 0 ? fmt::format("signal {}", ended.how.signal)
                                   : fmt::format("status {}", ended.how.exit_status),
              ended.how.reason.empty() ? "" : ", " + ended.how.reason);
    children.remove(ended.child);
    children.pruneLogs();
  }

  void carryOut(const worker::Connect& connect) { link.connect(connect.address); }
  void carryOut(const worker::Send& send) {
    const auto* registration = std::get_if<protocol::RegisterWorker>(&send.message);
    if (registration == nullptr) return link.send(send.message);
    protocol::RegisterWorker complete = *registration;
    complete.port = link.port();
    complete.web_port = web.port();
    {
      MutexLock lock(state_mutex);
      self.port = complete.port;
      self.web_port = complete.web_port;
    }
    link.send(complete);
  }
  void carryOut(const worker::Disconnect&) { link.disconnect(); }
  void carryOut(const worker::Start& start) {
    log::info("starts {}", start.child.str());
    children.start(start.child, start.order, link.secret());
  }
  void carryOut(const worker::Signal& signal) { children.signal(signal.child, signal.signal); }
  void carryOut(const worker::Leave&) {
    link.disconnect();
    on_left();
  }
  void carryOut(const worker::Note& note) { note.warning ? log::warn("{}", note.text) : log::info("{}", note.text); }

  void leave() {
    if (asked.exchange(true)) children.stopFetching();
    post(worker::LeaveAsked{});
  }

  http::Router routes() {
    http::Router router;
    router.get("/healthz", [this](const http::Request&) { return health(); });
    router.get("/readyz", [this](const http::Request&) {
      MutexLock lock(state_mutex);
      const bool is_registered = state.link() == WorkerState::Link::kRegistered;
      return is_registered ? http::plain(200, "ok") : http::plain(503, "the worker waits for its manager");
    });
    router.get("/json", [this](const http::Request&) { return http::Response{json()}; });
    router.get("/metrics", [this](const http::Request&) { return metrics(); });
    router.get("/api/cerium/v1/worker", [this](const http::Request& request) { return http::Response{page(request)}; });
    router.get("/api/cerium/v1/cluster/changes",
               [this](const http::Request&) { return streamChanges([this] { return version.load(); }); });
    return router;
  }
  http::Response metrics() const {
    MutexLock lock(state_mutex);
    int64_t running = 0;
    for (const auto& [child_id, child] : state.children())
      running += child.phase == WorkerState::Child::Phase::kEnded ? 0 : 1;
    http::Metrics figures;
    figures.states("cerium_worker_cores", "Cores that the worker offers.",
                   {{"used", state.coresUsed()}, {"free", self.cores - state.coresUsed()}});
    figures.states("cerium_worker_memory_bytes", "Memory that the worker offers.",
                   {{"used", static_cast<int64_t>(state.memoryUsed())},
                    {"free", static_cast<int64_t>(self.memory - state.memoryUsed())}});
    figures.gauge("cerium_worker_processes", "Executors and drivers that have not ended.",
                  static_cast<double>(running));
    return figures.response();
  }
  std::string page(const http::Request& request) const {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const bool through_manager = request.header("x-cerium-through") == "manager";
    MutexLock lock(state_mutex);
    return workerPageJson(state, self,
                          {.now = std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
                           .manager_pages = through_manager ? "../../" : ""});
  }
  http::Response health() const {
    if (const auto missed = pulse.missedFor()) {
      return http::plain(503, fmt::format("stuck: the worker has done nothing for {} s; it waits for {}, or for a "
                                          "processor",
                                          missed->count(), folder.path()));
    }
    MutexLock lock(state_mutex);
    const bool is_registered = state.link() == WorkerState::Link::kRegistered;
    return http::plain(200, is_registered ? "ok" : "ok, waiting for the manager");
  }
  std::string json() const {
    MutexLock lock(state_mutex);
    return workerJson(state, self);
  }

  const WorkerOptions options;
  const std::function<void()> on_left;
  std::atomic<bool> asked{false};
  Pulse pulse;
  std::atomic<uint64_t> version{0};  // of what the pages show

  mutable Mutex state_mutex;  // shared by the loop and the web port; no I/O under it
  protocol::RegisterWorker self CERIUM_GUARDED_BY(state_mutex);
  const std::string id;  // of self
  WorkerState state CERIUM_GUARDED_BY(state_mutex);

  Mutex queue_mutex;
  CondVar queue_changed;
  std::deque<worker::Event> queue CERIUM_GUARDED_BY(queue_mutex);
  bool stopping CERIUM_GUARDED_BY(queue_mutex) = false;

  const WorkFolder folder;

  // Each of these is destroyed before the members that its threads use.
  http::WebPort web;
  ChildRunner children;
  ManagerLink link;
  std::thread loop;
};

WorkerDaemon::WorkerDaemon(WorkerOptions options, std::function<void()> on_left)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(on_left))) {}
WorkerDaemon::~WorkerDaemon() = default;

void WorkerDaemon::leave() { impl_->leave(); }
const std::string& WorkerDaemon::id() const { return impl_->id; }
const std::string& WorkerDaemon::workDir() const { return impl_->folder.path(); }
uint16_t WorkerDaemon::webPort() const { return impl_->web.port(); }
std::string WorkerDaemon::webLink() const { return impl_->web.link(); }
std::string WorkerDaemon::json() const { return impl_->json(); }

}  // namespace cerium::cluster_manager
