// Cerium. Licensed under the Apache License 2.0.
// The processors and the memory that this process may use: the machine's, or less if a control group (Docker, systemd,
// Kubernetes) allows less. Also counts the processes that the kernel killed because memory ran out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cerium {

/// Reads the files of /proc and /sys/fs/cgroup (version 1 and 2) below `root`, anew at each call, because limits change
/// while a worker runs. A missing or malformed file means no limit. Threads: thread-safe.
class MachineLimits {
 public:
  /// `processors`: how many processors this process may run on.
  explicit MachineLimits(std::string root = "", int processors = usableProcessors());

  /// How many whole processors may be used; at least 1.
  [[nodiscard]] int cores() const;
  /// Bytes of RAM or of the tightest limit, including memory.high of version 2, which slows down but does not kill.
  [[nodiscard]] uint64_t memory() const;
  /// Bytes that a worker offers by default: memory() minus an eighth (at most 1 GiB) for the worker and the system.
  [[nodiscard]] uint64_t memoryToOffer() const;
  /// Bytes in use: in the control group if it has a limit, else on the machine.
  [[nodiscard]] uint64_t memoryUsed() const;
  /// The control group's limit in bytes, beyond which the kernel kills; nothing if there is none.
  [[nodiscard]] std::optional<uint64_t> memoryLimit() const;
  /// How many processes the kernel has killed because memory ran out: in this control group, or on this machine if the
  /// control group does not count.
  [[nodiscard]] uint64_t oomKills() const;

 private:
  static int usableProcessors();
  /// The folders of a controller's group: this process's first, then its ancestors. An empty `controller` means version
  /// 2.
  [[nodiscard]] std::vector<std::string> groupFolders(const std::string& controller) const;
  [[nodiscard]] std::optional<double> coresOfGroup() const;
  [[nodiscard]] uint64_t meminfo(const std::string& name) const;

  const std::string root_;
  const int processors_;
};

}  // namespace cerium
