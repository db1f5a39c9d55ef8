// Cerium. Licensed under the Apache License 2.0.
#include "base/util/machine_limits.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>

namespace cerium {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;
/// cgroup version 1 writes "no limit" as a number near 2^63. No machine has this much memory.
constexpr uint64_t kNoLimit = uint64_t{1} << 60;

std::optional<uint64_t> numberIn(const std::string& path) {
  std::ifstream file(path);
  uint64_t number = 0;  // reading "max" fails: no limit
  if (!(file >> number)) return std::nullopt;
  return number;
}

/// The number after `name`, from a file of lines "name number".
std::optional<uint64_t> numberNamed(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    uint64_t number = 0;
    if (words >> word >> number && word == name) return number;
  }
  return std::nullopt;
}

bool contains(const std::string& list, const std::string& word) {
  std::istringstream words(list);
  for (std::string each; std::getline(words, each, ',');) {
    if (each == word) return true;
  }
  return false;
}

struct Mount {
  std::string root;  ///< The part of the hierarchy that the mount shows.
  std::string point;
};

/// Finds the mount of a controller's hierarchy. An empty `controller` means cgroup version 2.
std::optional<Mount> findMount(const std::string& mountinfo, const std::string& controller) {
  std::ifstream file(mountinfo);
  for (std::string line; std::getline(file, line);) {
    // "32 31 0:29 /root /sys/fs/cgroup/cpu rw,relatime shared:5 - cgroup cgroup rw,cpu"
    const size_t separator = line.find(" - ");
    if (separator == line.npos) continue;
    std::string skipped, type, source, options;
    Mount mount;
    std::istringstream(line) >> skipped >> skipped >> skipped >> mount.root >> mount.point;
    std::istringstream(line.substr(separator + 3)) >> type >> source >> options;
    if (controller.empty() ? type == "cgroup2" : type == "cgroup" && contains(options, controller)) return mount;
  }
  return std::nullopt;
}

/// This process's group in the controller's hierarchy: "/user.slice/...".
std::optional<std::string> findGroup(const std::string& cgroup, const std::string& controller) {
  std::ifstream file(cgroup);
  for (std::string line; std::getline(file, line);) {
    // "4:cpu,cpuacct:/path" or "0::/path"
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : contains(controllers, controller)) return line.substr(second + 1);
  }
  return std::nullopt;
}

template <class T>
void lower(std::optional<T>& least, std::optional<T> other) {
  if (other && (!least || *other < *least)) least = other;
}

}  // namespace

MachineLimits::MachineLimits(std::string root, int processors) : root_(std::move(root)), processors_(processors) {}

int MachineLimits::usableProcessors() {
  // hardware_concurrency() is no use here: it counts all processors of the machine, even if a cpuset or taskset allows
  // fewer.
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
  // The machine has more processors than a cpu_set_t can hold.
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::vector<std::string> MachineLimits::groupFolders(const std::string& controller) const {
  const auto mount = findMount(root_ + "/proc/self/mountinfo", controller);
  auto group = findGroup(root_ + "/proc/self/cgroup", controller);
  if (!mount || !group) return {};
  // In a container the mount shows the container's own group as its root, but the group's path may be the host's.
  if (mount->root != "/") group = group->starts_with(mount->root) ? group->substr(mount->root.size()) : "";
  std::vector<std::string> folders;
  for (; !group->empty() && *group != "/"; group = group->substr(0, group->rfind('/'))) {
    if (group->front() != '/') break;
    folders.push_back(root_ + mount->point + *group);
  }
  folders.push_back(root_ + mount->point);
  return folders;
}

std::optional<double> MachineLimits::coresOfGroup() const {
  std::optional<double> least;
  const auto add = [&](double quota, double period) {
    if (quota > 0 && period > 0) lower(least, std::optional(quota / period));
  };
  for (const auto& folder : groupFolders("")) {
    std::ifstream file(folder + "/cpu.max");  // "150000 100000" or "max 100000"
    double quota = 0, period = 0;
    if (file >> quota >> period) add(quota, period);
  }
  for (const auto& folder : groupFolders("cpu")) {
    std::ifstream file(folder + "/cpu.cfs_quota_us");  // -1 is none
    double quota = 0;
    if (file >> quota) add(quota, static_cast<double>(numberIn(folder + "/cpu.cfs_period_us").value_or(0)));
  }
  return least;
}

int MachineLimits::cores() const {
  const auto limit = coresOfGroup();
  if (!limit) return processors_;
  return std::clamp(static_cast<int>(std::min(*limit, 1e6)), 1, processors_);
}

std::optional<uint64_t> MachineLimits::memoryLimit() const {
  std::optional<uint64_t> least;
  for (const auto& folder : groupFolders("")) lower(least, numberIn(folder + "/memory.max"));
  for (const auto& folder : groupFolders("memory")) lower(least, numberIn(folder + "/memory.limit_in_bytes"));
  if (least && *least >= kNoLimit) return std::nullopt;
  return least;
}

uint64_t MachineLimits::meminfo(const std::string& name) const {
  return numberNamed(root_ + "/proc/meminfo", name + ":").value_or(0) * 1024;
}

uint64_t MachineLimits::memory() const {
  const uint64_t ram = meminfo("MemTotal");
  auto limit = memoryLimit();
  // memory.high kills no process, but the kernel slows down a group above it, without swap to a standstill.
  for (const auto& folder : groupFolders("")) lower(limit, numberIn(folder + "/memory.high"));
  return limit && (ram == 0 || *limit < ram) ? *limit : ram;
}

uint64_t MachineLimits::memoryToOffer() const {
  const uint64_t all = memory();
  return all - std::min(all / 8, kGiB);
}

uint64_t MachineLimits::memoryUsed() const {
  if (memoryLimit()) {
    for (const auto& folder : groupFolders("")) {
      if (const auto used = numberIn(folder + "/memory.current")) return *used;
    }
    for (const auto& folder : groupFolders("memory")) {
      if (const auto used = numberIn(folder + "/memory.usage_in_bytes")) return *used;
    }
  }
  const uint64_t all = meminfo("MemTotal");
  return all - std::min(all, meminfo("MemAvailable"));
}

uint64_t MachineLimits::oomKills() const {
  for (const auto& folder : groupFolders("")) {
    if (const auto kills = numberNamed(folder + "/memory.events", "oom_kill")) return *kills;
  }
  for (const auto& folder : groupFolders("memory")) {
    if (const auto kills = numberNamed(folder + "/memory.oom_control", "oom_kill")) return *kills;
  }
  return numberNamed(root_ + "/proc/vmstat", "oom_kill").value_or(0);
}

}  // namespace cerium
