// Cerium. Licensed under the Apache License 2.0.
#include "base/util/machine_limits.h"

#include <sched.h>

#include <catch2/catch.hpp>
#include <future>

#include "tests/support/temp_folder.h"

namespace cerium {
namespace {

using testing::TempFolder;

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kGiB = 1 << 30;

/// A machine with 16 GiB, 10 of them available, and 8 processors.
void writeMachine(const TempFolder& root) {
  root.write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:   10485760 kB\n");
  root.write("proc/vmstat", "nr_free_pages 1\noom_kill 3\n");
}
MachineLimits limitsOf(const TempFolder& root) { return MachineLimits(root.path(), 8); }

void writeVersion2(const TempFolder& root, const std::string& group) {
  writeMachine(root);
  root.write("proc/self/cgroup", "0::" + group + "\n");
  root.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
}

void writeVersion1(const TempFolder& root, const std::string& mount_root, const std::string& group) {
  writeMachine(root);
  root.write("proc/self/cgroup", "12:cpuset:/other\n5:cpu,cpuacct:" + group + "\n4:memory:" + group + "\n0::/\n");
  root.write("proc/self/mountinfo",
             "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
             "32 31 0:29 " +
                 mount_root +
                 " /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct\n"
                 "33 31 0:30 " +
                 mount_root + " /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
}

}  // namespace

TEST_CASE("a machine without control groups is offered whole, but for the system's share", "[limits]") {
  TempFolder root;
  writeMachine(root);
  const MachineLimits limits = limitsOf(root);
  CHECK(limits.cores() == 8);
  CHECK(limits.memory() == 16 * kGiB);
  CHECK(limits.memoryToOffer() == 15 * kGiB);
  CHECK(limits.memoryUsed() == 6 * kGiB);
  CHECK_FALSE(limits.memoryLimit());
  CHECK(limits.oomKills() == 3);
}

TEST_CASE("a version 2 container's limits hold", "[limits]") {
  TempFolder root;
  writeVersion2(root, "/");
  root.write("sys/fs/cgroup/memory.max", "536870912\n");
  root.write("sys/fs/cgroup/memory.current", "1048576\n");
  root.write("sys/fs/cgroup/memory.events", "low 0\nhigh 0\nmax 5\noom 2\noom_kill 1\n");
  root.write("sys/fs/cgroup/cpu.max", "250000 100000\n");
  const MachineLimits limits = limitsOf(root);
  CHECK(limits.cores() == 2);
  CHECK(limits.memory() == 512 * kMiB);
  CHECK(limits.memoryToOffer() == 448 * kMiB);
  CHECK(limits.memoryUsed() == kMiB);
  CHECK(limits.oomKills() == 1);

  root.write("sys/fs/cgroup/cpu.max", "50000 100000\n");
  CHECK(limits.cores() == 1);  // never none
  root.write("sys/fs/cgroup/cpu.max", "max 100000\n");
  root.write("sys/fs/cgroup/memory.max", "max\n");
  CHECK(limits.cores() == 8);
  CHECK(limits.memory() == 16 * kGiB);
  CHECK_FALSE(limits.memoryLimit());
}

TEST_CASE("the tightest of a group's and its ancestors' limits holds", "[limits]") {
  TempFolder root;
  writeVersion2(root, "/system.slice/cerium.service");
  root.write("sys/fs/cgroup/system.slice/memory.max", "1073741824\n");
  root.write("sys/fs/cgroup/system.slice/cpu.max", "600000 100000\n");
  root.write("sys/fs/cgroup/system.slice/cerium.service/memory.max", "max\n");
  root.write("sys/fs/cgroup/system.slice/cerium.service/cpu.max", "300000 100000\n");
  root.write("sys/fs/cgroup/system.slice/cerium.service/memory.events", "oom_kill 4\n");
  const MachineLimits limits = limitsOf(root);
  CHECK(limits.cores() == 3);
  CHECK(limits.memoryLimit() == kGiB);
  CHECK(limits.oomKills() == 4);
}

TEST_CASE("memory beyond memory.high is not offered, and is no limit that kills", "[limits]") {
  TempFolder root;
  writeVersion2(root, "/cerium.service");
  root.write("sys/fs/cgroup/cerium.service/memory.max", "4294967296\n");
  root.write("sys/fs/cgroup/cerium.service/memory.high", "1073741824\n");
  const MachineLimits limits = limitsOf(root);
  CHECK(limits.memory() == kGiB);
  CHECK(limits.memoryToOffer() == 896 * kMiB);
  CHECK(limits.memoryLimit() == 4 * kGiB);

  root.write("sys/fs/cgroup/cerium.service/memory.high", "max\n");
  CHECK(limits.memory() == 4 * kGiB);
}

TEST_CASE("a version 1 container's limits hold, whatever path the host gave it", "[limits]") {
  TempFolder root;
  const auto [mount_root, group] = GENERATE(table<std::string, std::string>({
      {"/docker/abc", "/docker/abc"},
      {"/", "/"},
      {"/docker/abc", "/another/view"},
      {"/", "/docker/abc"},  // a path of the host that is not visible here
  }));
  writeVersion1(root, mount_root, group);
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n");
  root.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "4096\n");
  root.write("sys/fs/cgroup/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "400000\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  const MachineLimits limits = limitsOf(root);
  CHECK(limits.cores() == 4);
  CHECK(limits.memory() == 256 * kMiB);
  CHECK(limits.memoryUsed() == 4096);
  CHECK(limits.oomKills() == 2);
}

TEST_CASE("version 1 without limits is no limit", "[limits]") {
  TempFolder root;
  writeVersion1(root, "/", "/");
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  const MachineLimits limits = limitsOf(root);
  CHECK(limits.cores() == 8);
  CHECK_FALSE(limits.memoryLimit());
  CHECK(limits.oomKills() == 3);
}

TEST_CASE("files that make no sense are no limit", "[limits]") {
  TempFolder root;
  writeMachine(root);
  root.write("proc/self/cgroup", "nonsense\n0::\n::::\n\n");
  root.write("proc/self/mountinfo", "1 2 3\n30 23 0:26 / /sys/fs/cgroup rw - cgroup2\n - \n");
  root.write("sys/fs/cgroup/memory.max", "-x\n");
  root.write("sys/fs/cgroup/cpu.max", "100000\n");
  const MachineLimits limits = limitsOf(root);
  CHECK(limits.cores() == 8);
  CHECK(limits.memory() == 16 * kGiB);
}

TEST_CASE("processors that this process may not run on are not offered", "[limits]") {
  // The affinity belongs to the thread and ends with it.
  auto cores = std::async(std::launch::async, [] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(::sched_getcpu(), &one);
    return ::sched_setaffinity(0, sizeof(one), &one) == 0 ? MachineLimits().cores() : -1;
  });
  CHECK(cores.get() == 1);
}

TEST_CASE("this machine's limits can be read", "[limits]") {
  const MachineLimits limits;
  CHECK(limits.cores() >= 1);
  CHECK(limits.memory() > 0);
  CHECK(limits.memoryUsed() > 0);
}

}  // namespace cerium
