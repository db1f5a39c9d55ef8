// Cerium. Licensed under the Apache License 2.0.
// The programs that a worker runs, and files for its drivers, by content: what is here already is used, the rest is
// fetched from whoever serves it, once, however many ask for it at the same time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/protocol/cluster_messages.h"
#include "base/rpc/transport.h"

namespace cerium::cluster_manager {

/// Threads: thread-safe.
class FileStore {
 public:
  using MakeTransport = std::function<std::unique_ptr<rpc::Transport>(rpc::TransportOptions)>;

  /// What is wanted of a file that is on this machine already, for it to be used as it is.
  enum class Access { kRead, kExecute };

  /// Keeps files in `folder`, which it makes (0700): the 32 that were used last, and all of the last ten minutes, as a
  /// driver may need more than that. What a store that was killed had fetched in part is removed: no other may be open.
  explicit FileStore(std::string folder, MakeTransport makeTransport = rpc::makeTcpTransport);

  /// The path of a file with this content: in the folder, else wanted.path where that has the hash, else fetched from
  /// wanted.host:port with `secret`. Blocks for as long as pieces come, each within ten seconds. Throws IoError or
  /// CorruptData that names the file and its source; a later call tries again.
  [[nodiscard]] std::string get(const protocol::ServedFile& wanted, Access access, const std::string& secret);

  /// Ends what is being fetched, with IoError, and all that is asked for from now on.
  void stop();

 private:
  /// Computed again where the file has changed since.
  [[nodiscard]] bool hasHash(const std::string& path, Access access, const protocol::ServedFile& wanted);
  [[nodiscard]] std::string find(const protocol::ServedFile& wanted, Access access);
  void fetch(const protocol::ServedFile& wanted, const std::string& secret);
  void write(int fd, const protocol::ServedFile& wanted, const std::string& secret);
  void dropOldest();
  void removeUnfinished();
  [[nodiscard]] std::string pathOf(const protocol::ServedFile& wanted) const { return folder_ + "/" + wanted.hash; }

  const std::string folder_;
  const MakeTransport make_transport_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> busy_;                  // guarded by mutex_; hashes that somebody looks for
  std::map<std::string, std::string> checked_;  // guarded by mutex_; by path: what it looked like, and its hash
  bool stopped_ = false;                        // guarded by mutex_
};

}  // namespace cerium::cluster_manager
