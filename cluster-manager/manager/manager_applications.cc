// Cerium. Licensed under the Apache License 2.0.
// ManagerState: applications register, come back, ask for executors, return them, and end.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/util/new_id.h"
#include "cluster-manager/manager/manager_state.h"

namespace cerium::cluster_manager {

using namespace protocol;

namespace {

constexpr size_t kEndedApplicationsKept = 200;
constexpr int64_t kMostExecutors = int64_t{1} << 40;  // far below an overflow

std::string whatIsWrong(const RegisterApplication& message) {
  if (!isSafeId(message.application)) return "an application's id has to be of letters, digits, '-', '_' and '.'";
  if (message.cores_max < 0 || message.executor_cores < 0)
    return "an application cannot ask for a negative number of cores";
  if (message.driver_host.empty() || message.driver_port == 0)
    return fmt::format("application {} does not say where its driver listens", message.application);
  const bool numbered = std::all_of(message.executors.begin(), message.executors.end(),
                                    [](int64_t executor) { return executor >= 0 && executor < kMostExecutors; });
  if (!numbered || message.next_executor < 0 || message.next_executor > kMostExecutors)
    return fmt::format("application {} names executors with impossible ids", message.application);
  return "";
}

}  // namespace

void ManagerState::registerApplication(ConnectionId from, const RegisterApplication& message) {
  if (const std::string wrong = whatIsWrong(message); !wrong.empty()) return refuse(from, wrong);
  const std::string& id = message.application;
  if (const ApplicationRecord* ended = registry_.findEnded(id))
    return send(from, ApplicationRemoved{ended->reason.empty() ? "it has ended" : ended->reason});

  const bool is_new = !registry_.applications.contains(id);
  Application& application = registry_.applications[id];
  if (!identify(from, Role::kApplication, id, application.connection)) {
    if (is_new) registry_.applications.erase(id);
    return;
  }
  if (is_new) application.number = next_number_++;
  ApplicationRecord& record = application.record;
  record.application = message;
  record.application.executors.clear();
  if (record.started_ms == 0) record.started_ms = wallTime();
  record.application.retired.clear();
  record.next_executor = std::max(record.next_executor, message.next_executor);
  for (const int64_t executor : message.executors) record.next_executor = std::max(record.next_executor, executor + 1);
  application.retired = {message.retired.begin(), message.retired.end()};
  keepApplication(application);
  send(from, ApplicationAccepted{options_.url});
  application.was_told = false;
  matchExecutors(application, message.executors, std::exchange(application.registered, true));
  note(fmt::format("application {} ({}) of {} at {}:{} has registered, with {} executors", id, message.name,
                   message.user, message.driver_host, message.driver_port, message.executors.size()));
  changed_ = true;
}

/// Makes both sides agree on the executors: an executor that only one side knows is ended, or is awaited until a worker
/// reports it.
void ManagerState::matchExecutors(Application& application, const std::vector<int64_t>& named, bool was_registered) {
  const std::string& id = application.record.application.application;
  const std::set<int64_t> driver_has(named.begin(), named.end());
  for (const ExecutorKey& key : registry_.executorsOf(id)) {
    const Executor& executor = registry_.executors.at(key);
    if (!driver_has.contains(key.second)) {
      endExecutor(key, "its driver does not know it");
    } else if (application.retired.contains(key.second)) {
      retireExecutor(application, key.second);
    } else if (registry_.workers.at(executor.worker).as.leaving) {
      tell(application, ExecutorLeaving{key.second, fmt::format("worker {} leaves", executor.worker)});
    }
  }
  std::set<int64_t> awaited;
  for (const int64_t executor : driver_has) {
    if (registry_.executors.contains({id, executor})) continue;
    if (!was_registered || application.awaited.contains(executor)) {
      awaited.insert(executor);
    } else {
      tell(application, ExecutorGone{executor, true, {}});
    }
  }
  if (!was_registered) application.awaited_until = now_ + options_.lost_after;
  application.awaited = std::move(awaited);
}

void ManagerState::wantExecutors(Application& application, int32_t executors) {
  executors = std::max(executors, -1);
  int32_t& wanted = application.record.application.executors_wanted;
  if (wanted == executors) return;
  wanted = executors;  // not in the journal: the driver tells it to the next manager again
  changed_ = true;
}

void ManagerState::releaseExecutor(Application& application, const ReleaseExecutor& message) {
  const std::string& id = application.record.application.application;
  const ExecutorKey key(id, message.executor);
  application.awaited.erase(message.executor);
  changed_ = true;
  const auto found = registry_.executors.find(key);
  if (found == registry_.executors.end()) return tell(application, ExecutorGone{message.executor, true, {}});
  if (found->second.state == ExecutorState::kEnding) return;
  endExecutor(key, message.reason);
}

void ManagerState::retireExecutor(Application& application, int64_t executor) {
  const ExecutorKey key(application.record.application.application, executor);
  const auto found = registry_.executors.find(key);
  application.retired.insert(executor);
  if (found == registry_.executors.end() || found->second.state == ExecutorState::kEnding) return;
  if (found->second.isRetired()) return;
  registry_.retire(key);
  send(registry_.workers.at(found->second.worker).connection, FreeExecutor{key.first, key.second});
  changed_ = true;
}

/// `id` is passed by value, because callers pass the id inside the record that is moved away here.
void ManagerState::endApplication(std::string id, ApplicationState state, const std::string& reason) {
  Application& application = registry_.applications.at(id);
  for (const ExecutorKey& key : registry_.executorsOf(id)) endExecutor(key, "its application has ended");
  ApplicationRecord record = std::move(application.record);
  record.state = state;
  record.reason = reason;
  record.ended_ms = std::max(record.started_ms, wallTime());  // the clock may have been set back between managers
  record.application.program = {};
  record.application.executor_environment.clear();
  note(fmt::format("application {} ({}) ended: {}{}{}", id, record.application.name, nameOf(state),
                   reason.empty() ? "" : ", ", reason));
  keep(record);
  registry_.applications.erase(id);
  rememberEnded(record);
  changed_ = true;
}

void ManagerState::rememberEnded(const ApplicationRecord& record) {
  registry_.ended_applications.push_back(record);
  if (registry_.ended_applications.size() > kEndedApplicationsKept) registry_.ended_applications.pop_front();
}

void ManagerState::giveUpAwaited(Application& application) {
  for (const int64_t executor : std::exchange(application.awaited, {}))
    tell(application, ExecutorGone{executor, true, {}});
  changed_ = true;
}

/// A worker runs an executor of an application that the journal does not name. The application's driver may be about to
/// register.
Application& ManagerState::awaitUnknown(const std::string& id) {
  Application& application = registry_.applications[id];
  application.record.application.application = id;
  application.number = next_number_++;
  application.deadline = now_ + options_.lost_after;
  return application;
}

void ManagerState::tell(const Application& application, ClusterMessage message) {
  send(application.connection, std::move(message));
}

}  // namespace cerium::cluster_manager
