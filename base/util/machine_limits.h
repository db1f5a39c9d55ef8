// Cerium. Licensed under the Apache License 2.0.
// How much of this machine a process may use: its processors and memory, or less where a control group (of Docker,
// systemd, Kubernetes) allows less. Also counts what the kernel killed for want of memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cerium {

/// Reads the files of /proc and /sys/fs/cgroup below `root`, of version 1 and 2, each time anew: limits change while a
/// worker runs. What is missing or malformed there is no limit. Threads: thread-safe.
class MachineLimits {
 public:
  /// `processors`: those that this process may run on.
  explicit MachineLimits(std::string root = "", int processors = usableProcessors());

  /// Whole processors, at least one.
  [[nodiscard]] int cores() const;
  /// Bytes of RAM, or of the tightest limit; also of one (memory.high of version 2) that slows down instead of killing.
  [[nodiscard]] uint64_t memory() const;
  /// What a worker offers by default: an eighth, at most a gibibyte, is left to itself and the system.
  [[nodiscard]] uint64_t memoryToOffer() const;
  /// Of the control group where it has a limit, else of the machine.
  [[nodiscard]] uint64_t memoryUsed() const;
  /// The control group's limit, beyond which the kernel kills; nothing where there is none.
  [[nodiscard]] std::optional<uint64_t> memoryLimit() const;
  /// How many processes of this control group (of this machine where it does not count) the kernel has killed for want
  /// of memory.
  [[nodiscard]] uint64_t oomKills() const;

 private:
  static int usableProcessors();
  /// The folders of a controller's group, this process's first, its ancestors behind; empty `controller`: version 2.
  [[nodiscard]] std::vector<std::string> groupFolders(const std::string& controller) const;
  [[nodiscard]] std::optional<double> coresOfGroup() const;
  [[nodiscard]] uint64_t meminfo(const std::string& name) const;

  const std::string root_;
  const int processors_;
};

}  // namespace cerium
