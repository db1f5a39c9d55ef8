// Cerium. Licensed under the Apache License 2.0.
// What a driver in the cluster prints: kept in files, and passed on to its submitter while that listens.
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "base/protocol/cluster_messages.h"
#include "base/rpc/transport.h"
#include "base/util/descriptor.h"

namespace cerium::cluster_manager {

/// Threads: externally synchronised.
class DriverOutput {
 public:
  /// Appends to `folder`/stdout and `folder`/stderr. Connects to where the program comes from; without an answer within
  /// three seconds there are only the files. Throws IoError where these cannot be made.
  DriverOutput(const protocol::DriverOrder& order, const std::string& secret, std::string folder);
  /// What is still on its way has one more second.
  ~DriverOutput();
  DriverOutput(const DriverOutput&) = delete;
  DriverOutput& operator=(const DriverOutput&) = delete;

  /// Never waits for the submitter: what that is too slow for is in the files only.
  void write(bool is_stderr, std::string_view bytes);

  /// After the last write: waits until the submitter has all, while it takes some of it every five seconds, and for
  /// half a minute at most, or until it is given up.
  void finish(const std::atomic<bool>& is_given_up);

  [[nodiscard]] std::string stderrFile() const { return folder_ + "/stderr"; }

 private:
  void sendOn(bool is_stderr, std::string_view bytes);
  void sayWhatIsLeftOut();

  const std::string driver_;
  const std::string folder_;
  const Descriptor files_[2];         ///< stdout, stderr
  uint64_t left_out_ = 0;             ///< Bytes that the submitter was too slow for.
  std::promise<std::string> closed_;  ///< Why; of the transport's thread.
  std::unique_ptr<rpc::Transport> transport_;
  rpc::ConnectionPtr connection_;
};

}  // namespace cerium::cluster_manager
