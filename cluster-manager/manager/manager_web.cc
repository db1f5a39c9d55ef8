// Cerium. Licensed under the Apache License 2.0.
// A manager's web port: what it shows, what pages may ask for, and the pages of its workers.
#include <fmt/format.h>

#include "cluster-manager/cluster_changes.h"
#include "cluster-manager/manager/cluster_json.h"
#include "cluster-manager/manager/manager_impl.h"

namespace cerium::cluster_manager {

http::Router Manager::Impl::routes() {
  http::Router router;
  router.get("/healthz", [this](const http::Request&) { return health(); });
  router.get("/readyz", [this](const http::Request&) {
    return in_charge ? http::plain(200, "ok") : http::plain(503, "this manager stands by for another");
  });
  router.get("/json", [this](const http::Request&) { return http::Response{jsonText()}; });
  router.get("/metrics", [this](const http::Request&) {
    MutexLock guard(state_mutex);
    return clusterMetrics(registry());
  });
  router.get("/api/cerium/v1/cluster", [this](const http::Request&) { return http::Response{clusterText()}; });
  router.get("/api/cerium/v1/cluster/changes",
             [this](const http::Request&) { return streamChanges([this] { return version.load(); }); });
  const auto pass_on = [this](const http::Request& request) { return proxy(request); };
  router.get("/proxy/{id}/{rest...}", pass_on);
  router.post("/proxy/{id}/{rest...}", pass_on);
  addOrders(router);
  return router;
}

/// The pages of a worker: only registered ones are asked, whatever the request says.
http::Response Manager::Impl::proxy(const http::Request& request) const {
  const std::string id = request.params.at("id");
  MutexLock guard(state_mutex);
  const auto found = registry().workers.find(id);
  const bool is_known = found != registry().workers.end() && found->second.as.web_port != 0;
  if (is_known && request.path == http::kProxyPath + id) {
    http::Response moved = http::plain(308, "the address of these pages ends with /");
    moved.headers.emplace_back("Location", id + "/");
    return moved;
  }
  const std::string prefix = http::kProxyPath + id + "/";
  if (!is_known || !request.target.starts_with(prefix))
    throw http::Refusal{404, "no worker with this id is registered: " + id};
  const protocol::RegisterWorker& worker = found->second.as;
  return {.upstream = http::Upstream{.host = worker.host,
                                     .port = worker.web_port,
                                     .target = request.target.substr(prefix.size() - 1),
                                     .token = http::clusterToken(options.secret)}};
}

/// They are answered before they are carried out: the page hears of the change.
void Manager::Impl::addOrders(http::Router& router) {
  const auto add = [&](const char* path, Order order, auto knows) {
    router.post(path, [this, order, knows](const http::Request& request) -> http::Response {
      const std::string id = request.params.at("id");
      {
        MutexLock guard(state_mutex);
        if (!state) throw http::Refusal{503, "this manager stands by for another; ask the one in charge"};
        if (!knows(state->registry(), id)) throw http::Refusal{404, "it has ended, or never was: " + id};
      }
      post({.order = order, .of = id});
      return {.status = 204};
    });
  };
  using Registry = ClusterRegistry;
  add("/api/cerium/v1/cluster/applications/{id}/kill", &ManagerState::killApplication,
      [](const Registry& registry, const std::string& id) { return registry.applications.contains(id); });
  add("/api/cerium/v1/cluster/drivers/{id}/kill", &ManagerState::killDriver,
      [](const Registry& registry, const std::string& id) {
        const auto found = registry.drivers.find(id);
        return found != registry.drivers.end() && found->second.isActive();
      });
  add("/api/cerium/v1/cluster/workers/{id}/drain", &ManagerState::drainWorker,
      [](const Registry& registry, const std::string& id) { return registry.workers.contains(id); });
}

http::Response Manager::Impl::health() const {
  if (const auto missed = pulse.missedFor()) {
    return http::plain(503,
                       fmt::format("stuck: the manager has done nothing for {} s; it waits for {}, or for a processor",
                                   missed->count(), options.recovery_dir));
  }
  return http::plain(200, in_charge ? "ok" : "standby");
}

const ClusterRegistry& Manager::Impl::registry() const {
  static const ClusterRegistry kNone;
  return state ? state->registry() : kNone;
}

ManagerAtAGlance Manager::Impl::atAGlance() const {
  if (!state) return {url, "STANDBY", 0};
  const char* status = state->registry().areRecovering() ? "RECOVERING" : "ALIVE";
  return {url, status, state->options().wall_offset};
}

std::string Manager::Impl::jsonText() const {
  MutexLock guard(state_mutex);
  return managerJson(registry(), atAGlance());
}

std::string Manager::Impl::clusterText() const {
  MutexLock guard(state_mutex);
  return clusterJson(registry(), atAGlance(), wallClock());
}

}  // namespace cerium::cluster_manager
