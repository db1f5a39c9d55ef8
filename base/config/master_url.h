// Cerium. Licensed under the Apache License 2.0.
// The parsed master of an application (Conf::setMaster): where its tasks run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cerium {

struct MasterUrl {
  enum class Kind {
    kLocal,         ///< Threads of the driver: local, local[4], local[*], local[4,3].
    kLocalCluster,  ///< Executor processes of this machine: local-cluster[2,4,1g].
    kStandalone,    ///< The cluster of a manager: cerium://host:7077, with more managers after commas.
  };
  struct Endpoint {
    std::string host;  ///< A name or an address; IPv6 without its brackets.
    uint16_t port = 0;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
  };

  Kind kind = Kind::kLocal;
  int threads = 1;                       ///< kLocal; 0: one for each core.
  int max_failures = 1;                  ///< kLocal: how often a task may fail before its job does.
  int executors = 0;                     ///< kLocalCluster
  int cores = 0;                         ///< kLocalCluster: cores of each executor.
  int64_t memory_bytes = 0;              ///< kLocalCluster: memory of each executor.
  std::vector<Endpoint> endpoints = {};  ///< kStandalone
};

/// Throws InvalidArgument that lists the valid forms and suggests the likely one.
[[nodiscard]] MasterUrl parseMasterUrl(std::string_view text);

}  // namespace cerium
