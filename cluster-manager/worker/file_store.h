// Cerium. Licensed under the Apache License 2.0.
// Programs that a worker runs and files for its drivers, found by content. A file that is on this machine is used;
// another is fetched from its server, once, even if several callers want it at the same time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/protocol/cluster_messages.h"
#include "base/rpc/transport.h"
#include "base/util/mutex.h"

namespace cerium::cluster_manager {

/// The files of one worker. Threads: thread-safe.
class FileStore {
 public:
  using MakeTransport = std::function<std::unique_ptr<rpc::Transport>(rpc::TransportOptions)>;

  /// How a file that is already on this machine must be accessible.
  enum class Access { kRead, kExecute };

  /// Keeps files in `folder`, which it makes with mode 0700: the 32 used last, and all files of the last ten minutes,
  /// because a driver may need more than 32. Deletes files that a killed store fetched in part, so no other store may
  /// use the folder.
  explicit FileStore(std::string folder, MakeTransport makeTransport = rpc::makeTcpTransport);

  /// The path of a file with this content: in the folder, else wanted.path if that file has the hash, else fetched from
  /// wanted.host:port with `secret`. Blocks as long as pieces come, each within ten seconds. Throws IoError or
  /// CorruptData that names the file and its source; a later call tries again.
  [[nodiscard]] std::string get(const protocol::ServedFile& wanted, Access access, const std::string& secret);

  /// Ends current fetches with IoError, and all later ones.
  void stop();

 private:
  /// Whether the file at `path` has the wanted hash. Computed again if the file has changed.
  [[nodiscard]] bool hasHash(const std::string& path, Access access, const protocol::ServedFile& wanted);
  [[nodiscard]] std::string find(const protocol::ServedFile& wanted, Access access);
  void fetch(const protocol::ServedFile& wanted, const std::string& secret);
  void write(int fd, const protocol::ServedFile& wanted, const std::string& secret);
  void dropOldest();
  void removeUnfinished();
  [[nodiscard]] std::string pathOf(const protocol::ServedFile& wanted) const { return folder_ + "/" + wanted.hash; }

  const std::string folder_;
  const MakeTransport make_transport_;
  Mutex mutex_;
  CondVar changed_;
  std::set<std::string> busy_ CERIUM_GUARDED_BY(mutex_);                  // hashes that a caller is looking for
  std::map<std::string, std::string> checked_ CERIUM_GUARDED_BY(mutex_);  // by path: the file's appearance() and hash
  bool stopped_ CERIUM_GUARDED_BY(mutex_) = false;
};

}  // namespace cerium::cluster_manager
