// Cerium. Licensed under the Apache License 2.0.
// Collects the calls of handlers on the transport's threads, for a test to check on its own thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/rpc/transport.h"

namespace cerium::rpc {

/// Long enough for a slow machine under a sanitizer. A passing test does not wait this long.
inline constexpr std::chrono::seconds kPatience{60};

/// Records messages, closes and accepted connections. It must outlive the transports that use its handlers. Threads:
/// thread-safe.
class Inbox {
 public:
  /// Handlers that record every call here.
  Handlers handlers() {
    return {[this](const ConnectionPtr&, Bytes message) {
              update([&] {
                late_messages_ += closes_.empty() ? 0 : 1;
                messages_.emplace_back(message.view());
              });
            },
            [this](const ConnectionPtr&, const std::string& reason) { update([&] { closes_.push_back(reason); }); }};
  }

  /// For Transport::listen: also records accepted connections.
  std::function<Handlers(const ConnectionPtr&)> acceptor() {
    return [this](const ConnectionPtr& connection) {
      update([&] { accepted_.push_back(connection); });
      return handlers();
    };
  }

  [[nodiscard]] bool waitForMessages(size_t count) {
    return waitFor([&] { return messages_.size() >= count; });
  }
  [[nodiscard]] bool waitForCloses(size_t count) {
    return waitFor([&] { return closes_.size() >= count; });
  }
  /// The first accepted connection, or null after kPatience.
  [[nodiscard]] ConnectionPtr waitForAccepted() {
    const bool came = waitFor([&] { return !accepted_.empty(); });
    std::lock_guard lock(mutex_);
    return came ? accepted_.front() : nullptr;
  }

  [[nodiscard]] std::vector<std::string> messages() { return copyOf(messages_); }
  [[nodiscard]] std::vector<std::string> closes() { return copyOf(closes_); }
  [[nodiscard]] size_t acceptedCount() { return copyOf(accepted_).size(); }
  /// Messages that came after a close. Meaningful if the inbox serves one connection.
  [[nodiscard]] size_t lateMessages() { return copyOf(late_messages_); }

 private:
  template <typename Fn>
  void update(Fn fn) {
    std::lock_guard lock(mutex_);
    fn();
    changed_.notify_all();
  }
  template <typename Value>
  Value copyOf(const Value& value) {
    std::lock_guard lock(mutex_);
    return value;
  }
  template <typename Condition>
  bool waitFor(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> messages_;
  std::vector<std::string> closes_;
  std::vector<ConnectionPtr> accepted_;
  size_t late_messages_ = 0;
};

/// The text of the IoError of a failed connect; "" if it succeeds.
inline std::string connectFailure(Transport& transport, const Endpoint& to, int timeout_ms = 10'000,
                                  const StopReason& stop = {}) {
  try {
    transport.connect(to, {}, timeout_ms, stop)->close();
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace cerium::rpc
