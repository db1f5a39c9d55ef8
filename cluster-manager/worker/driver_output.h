// Cerium. Licensed under the Apache License 2.0.
// The output of a driver in the cluster: written to files, and sent to its submitter while that is connected.
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

/// Writes and forwards one driver's output. Threads: externally synchronised.
class DriverOutput {
 public:
  /// Appends to `folder`/stdout and `folder`/stderr. Connects to the submitter, the source of the program; without an
  /// answer within three seconds only the files are written. Throws IoError if the files cannot be made.
  DriverOutput(const protocol::DriverOrder& order, const std::string& secret, std::string folder);
  /// Output on its way has one more second.
  ~DriverOutput();
  DriverOutput(const DriverOutput&) = delete;
  DriverOutput& operator=(const DriverOutput&) = delete;

  /// Never waits for the submitter: output that it is too slow for is only in the files.
  void write(bool is_stderr, std::string_view bytes);

  /// Call after the last write. Waits until the submitter has all output: at most 30 seconds, and at most 5 seconds
  /// without progress, or until `is_given_up`.
  void finish(const std::atomic<bool>& is_given_up);

  [[nodiscard]] std::string stderrFile() const { return folder_ + "/stderr"; }

 private:
  void sendOn(bool is_stderr, std::string_view bytes);
  void sayWhatIsLeftOut();

  const std::string driver_;
  const std::string folder_;
  const Descriptor files_[2];         ///< stdout, stderr
  uint64_t left_out_ = 0;             ///< Bytes that were not sent because the submitter was too slow.
  std::promise<std::string> closed_;  ///< Why the connection ended; set by the transport's thread.
  std::unique_ptr<rpc::Transport> transport_;
  rpc::ConnectionPtr connection_;
};

}  // namespace cerium::cluster_manager
