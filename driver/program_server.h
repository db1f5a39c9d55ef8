// Cerium. Licensed under the Apache License 2.0.
// Hands a program's file to workers that do not have it, in pieces.
#pragma once

#include <string>

#include "base/protocol/cluster_messages.h"
#include "base/rpc/program_file.h"
#include "base/rpc/transport.h"

namespace cerium {

/// Threads: thread-safe once built.
class ProgramServer {
 public:
  /// Reads the whole file once, for its hash. Throws IoError.
  explicit ProgramServer(std::string path);

  /// For a connection of a worker: answers FetchProgram.
  [[nodiscard]] rpc::Handlers handlers();
  /// Sends the piece that a worker asks for, or why there is none.
  void answer(const rpc::ConnectionPtr& worker, const protocol::FetchProgram& fetch) const;
  /// How to have the program, when these handlers serve at `at`.
  [[nodiscard]] protocol::Program describe(const rpc::Endpoint& at, std::vector<std::string> arguments) const;

 private:
  const std::string path_;
  const rpc::ProgramFile file_;
  const std::string hash_;
};

}  // namespace cerium
