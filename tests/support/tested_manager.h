// Cerium. Licensed under the Apache License 2.0.
// A manager's state machine under test, its messages by connection, and messages of workers, drivers and submitters.
#pragma once

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "cluster-manager/manager/manager_state.h"

namespace cerium::testing {

constexpr uint64_t kGiB = uint64_t{1} << 30;

/// A ManagerState with the test's clock. Checks the registry after each call.
class TestedManager {
 public:
  explicit TestedManager(const std::vector<protocol::JournalRecord>& records = {}) : state_({.url = "cerium://m:1"}) {
    take(state_.recover(records, now_));
  }

  void receive(cluster_manager::ConnectionId from, const protocol::ClusterMessage& message) {
    take(state_.received(from, message, now_));
  }
  /// What a person asks for in the web pages.
  using Wish = cluster_manager::Instructions (cluster_manager::ManagerState::*)(const std::string&, Millis);
  void wish(Wish wished, const std::string& id) { take((state_.*wished)(id, now_)); }
  /// The manager's process stands still: time passes without ticks, and messages wait.
  void standStill(Millis time) { now_ += time; }
  void disconnect(cluster_manager::ConnectionId connection) { take(state_.disconnected(connection, now_)); }
  /// Time passes with ticks, and the workers on the connections `alive` send heartbeats.
  void pass(Millis time, const std::vector<cluster_manager::ConnectionId>& alive = {}) {
    for (const Millis end = now_ + time; now_ < end; now_ += 100) {
      if (now_ % 1'000 == 0) {
        for (const cluster_manager::ConnectionId each : alive) receive(each, protocol::WorkerHeartbeat{});
      }
      take(state_.tick(now_));
    }
  }

  /// The messages of this kind that were sent to the connection since the last call.
  template <class Message>
  std::vector<Message> takeSent(cluster_manager::ConnectionId connection) {
    std::vector<Message> found;
    std::erase_if(sent_, [&](const cluster_manager::Send& each) {
      const auto* message = std::get_if<Message>(&each.message);
      if (each.to != connection || message == nullptr) return false;
      found.push_back(*message);
      return true;
    });
    return found;
  }
  [[nodiscard]] bool isClosed(cluster_manager::ConnectionId connection) const { return closed_.contains(connection); }
  [[nodiscard]] const std::vector<protocol::JournalRecord>& journal() const { return journal_; }
  [[nodiscard]] const cluster_manager::ManagerState& state() const { return state_; }
  [[nodiscard]] const cluster_manager::ClusterRegistry& registry() const { return state_.registry(); }

 private:
  void take(const cluster_manager::Instructions& instructions) {
    for (const cluster_manager::Instruction& each : instructions) {
      if (const auto* send = std::get_if<cluster_manager::Send>(&each)) sent_.push_back(*send);
      if (const auto* close = std::get_if<cluster_manager::Close>(&each)) closed_.insert(close->connection);
      if (const auto* keep = std::get_if<cluster_manager::Keep>(&each)) journal_.push_back(keep->record);
    }
    CHECK(cluster_manager::checkRegistry(state_.registry()) == "");
  }

  Millis now_ = 1'000;
  cluster_manager::ManagerState state_;
  std::vector<cluster_manager::Send> sent_;
  std::set<cluster_manager::ConnectionId> closed_;
  std::vector<protocol::JournalRecord> journal_;
};

inline protocol::RegisterWorker worker(const std::string& id, int32_t cores, uint64_t gib = 16) {
  protocol::RegisterWorker message;
  message.worker = id;
  message.host = "host-of-" + id;
  message.port = 7;
  message.cores = cores;
  message.memory = gib * kGiB;
  return message;
}

inline protocol::RegisterApplication application(const std::string& id, int32_t executor_cores = 1,
                                                 int32_t cores_max = 0) {
  protocol::RegisterApplication message;
  message.application = id;
  message.driver_host = "driver";
  message.driver_port = 9;
  message.executor_cores = executor_cores;
  message.executor_memory = kGiB;
  message.cores_max = cores_max;
  return message;
}

inline protocol::DriverOrder order(const std::string& id, bool supervise = false) {
  protocol::DriverOrder result;
  result.driver = id;
  result.cores = 1;
  result.memory = kGiB;
  result.supervise = supervise;
  return result;
}

inline std::string lastState(std::vector<protocol::DriverStatus> heard) {
  return heard.empty() ? "(nothing)" : heard.back().state;
}

}  // namespace cerium::testing
