// Cerium. Licensed under the Apache License 2.0.
// Hands files to workers that do not have them, in pieces: a program, and what it is to read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/protocol/cluster_messages.h"
#include "base/rpc/content_file.h"
#include "base/rpc/transport.h"
#include "base/util/serial_thread.h"

namespace cerium {

/// Threads: thread-safe once built.
class FileServer {
 public:
  /// Opens all of them and reads each once, for its hash. Throws IoError.
  explicit FileServer(const std::vector<std::string>& paths);

  /// For a connection of a worker: answers FetchFile.
  [[nodiscard]] rpc::Handlers handlers();
  /// Sends the piece that a worker asks for, or why there is none; soon, as a disk may be slow.
  void answer(const rpc::ConnectionPtr& worker, protocol::FetchFile fetch);
  /// How to have these files, in the order of the paths, when the handlers serve at `at`.
  [[nodiscard]] std::vector<protocol::ServedFile> describe(const rpc::Endpoint& at) const;

 private:
  struct Served {
    std::string path;
    std::string hash;
    std::shared_ptr<const rpc::ContentFile> file;
  };
  void read(const rpc::ConnectionPtr& worker, const protocol::FetchFile& fetch) const;

  std::vector<Served> files_;
  SerialThread thread_{"cerium-files"};
};

}  // namespace cerium
