// Cerium. Licensed under the Apache License 2.0.
#include "base/config/config_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "base/config/config_values.h"
#include "base/config/master_url.h"
#include "base/util/error.h"
#include "base/util/nearest.h"

namespace cerium {
namespace {

using enum ConfigType;

constexpr int64_t kKiB = 1 << 10;
constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kSecond = 1000;
constexpr double kMaxInt = 2147483647;
constexpr double kMaxPort = 65535;

constexpr ConfigKey oneOf(std::string_view name, std::string_view otherwise, std::string_view choices,
                          std::string_view doc) {
  ConfigKey key{name, kEnum, otherwise, doc};
  key.choices = choices;
  return key;
}

// Sorted by name. Names, defaults and units are Spark's, except where Cerium has a reason to differ.
constexpr ConfigKey kKeys[] = {
    {"cerium.app.name", kString, "", "The application's name in the web pages and logs."},
    {"cerium.authenticate", kBool, "true", "Whether processes must prove that they know the cluster's secret."},
    {"cerium.authenticate.secretFile", kString, "", "The file with the cluster's secret."},
    {"cerium.barrier.timeout", kDuration, "60s", "How long a barrier waits for the other tasks of its stage.", kSecond,
     1},
    {"cerium.broadcast.blockSize", kSize, "4m", "The size of the pieces in which a broadcast value travels.", kKiB,
     kKiB},
    {"cerium.checkpoint.dir", kString, "", "The folder for checkpoints; every machine must see it."},
    {"cerium.closure.checkCaptures", kBool, "true",
     "Whether lambdas are searched for captured pointers when a job is built."},
    {"cerium.cores.max", kInt, "0", "The most cores of the cluster that the application takes; 0 is all.", 1, 0,
     kMaxInt},
    {"cerium.default.parallelism", kInt, "0", "The number of partitions where none is given; 0 is the number of cores.",
     1, 0, kMaxInt},
    {"cerium.driver.cores", kInt, "1", "The cores of a driver that runs in the cluster.", 1, 1, kMaxInt},
    {"cerium.driver.host", kString, "",
     "The name under which executors reach the driver; empty is this machine's address."},
    {"cerium.driver.maxResultSize", kSize, "1g",
     "The most bytes that one action's results may take in the driver; 0 is no limit."},
    {"cerium.driver.memory", kSize, "1g", "The memory of the driver.", kMiB, kMiB},
    {"cerium.driver.port", kInt, "0", "The port on which the driver listens for executors; 0 is any that is free.", 1,
     0, kMaxPort},
    {"cerium.dynamicAllocation.enabled", kBool, "false",
     "Whether executors come and go with the number of waiting tasks."},
    {"cerium.dynamicAllocation.executorIdleTimeout", kDuration, "60s",
     "How long an executor stays without a task before it is given back.", kSecond, 1},
    {"cerium.dynamicAllocation.maxExecutors", kInt, "2147483647", "The most executors with dynamic allocation.", 1, 1,
     kMaxInt},
    {"cerium.dynamicAllocation.minExecutors", kInt, "0", "The fewest executors with dynamic allocation.", 1, 0,
     kMaxInt},
    {"cerium.eventLog.dir", kString, "", "The folder for event logs; empty is a folder of the user's own."},
    {"cerium.eventLog.enabled", kBool, "true", "Whether the application's events are kept for the history pages."},
    {"cerium.eventLog.rolling.maxFileSize", kSize, "128m",
     "The compressed size at which the next file of an event log begins.", kMiB, 10 * kKiB},
    {"cerium.excludeOnFailure.enabled", kBool, "true",
     "Whether an executor on which tasks fail repeatedly gets no more tasks."},
    {"cerium.excludeOnFailure.timeout", kDuration, "60s", "How long an excluded executor gets no tasks."},
    {"cerium.executor.cores", kInt, "0",
     "The tasks that one executor runs at a time; 0 is as many as its worker has cores.", 1, 0, kMaxInt},
    {"cerium.executor.heartbeatInterval", kDuration, "1s", "How often an executor reports to the driver.", 1, 1},
    {"cerium.executor.instances", kInt, "0", "The number of executors; 0 is as many as the cores allow.", 1, 0,
     kMaxInt},
    {"cerium.executor.memory", kSize, "1g", "The memory of one executor.", kMiB, kMiB},
    {"cerium.executor.memoryOverhead", kSize, "0",
     "Memory of an executor's process beyond cerium.executor.memory, for values that functions keep; a task that "
     "exceeds it fails. 0 is a quarter of the memory and 64m."},
    {"cerium.files", kString, "", "Files for every executor, as Context::addFile adds them, separated by commas."},
    {"cerium.files.maxPartitionBytes", kSize, "128m", "The most bytes of a file that one partition reads.", 1, 1},
    {"cerium.job.description", kString, "", "A description of this thread's jobs, shown in the web pages."},
    {"cerium.jobGroup.id", kString, "", "The group of this thread's jobs; a group can be cancelled."},
    {"cerium.local.dir", kString, "", "Folders for spilled data, separated by commas; empty is $TMPDIR or /tmp."},
    {"cerium.locality.wait", kDuration, "50ms",
     "How long a task waits for the executor that caches its input; 0 is not at all."},
    {"cerium.log.dir", kString, "", "The folder for logs; empty is standard error only."},
    oneOf("cerium.logLevel", "INFO", "DEBUG|INFO|WARN|ERROR|OFF", "The least level that is logged."),
    {"cerium.master", kMaster, "local[*]",
     "Where tasks run: local[N], local-cluster[N,cores,memory] or cerium://host:port."},
    {"cerium.memory.fraction", kDouble, "0.8", "The share of an executor's memory for cached blocks and operators.", 1,
     0.01, 1},
    {"cerium.network.timeout", kDuration, "10s", "How long a process may send nothing before it counts as lost.",
     kSecond, 1},
    {"cerium.rdd.limit.initialNumPartitions", kInt, "1", "The partitions that take() computes first.", 1, 1, kMaxInt},
    {"cerium.rdd.limit.scaleUpFactor", kInt, "4",
     "The factor by which each further job of take() computes more partitions.", 1, 2, kMaxInt},
    {"cerium.reducer.maxSizeInFlight", kSize, "48m", "The shuffle data that a task fetches at a time.", kMiB, kMiB},
    {"cerium.scheduler.allocation.file", kString, "", "The file that describes the pools of fair scheduling."},
    {"cerium.scheduler.log", kString, "memory",
     "Where the scheduler's inputs are recorded for `cerium replay`: the path of a file; memory, which keeps the first "
     "16 MiB and writes a file after an internal error; off."},
    oneOf("cerium.scheduler.mode", "FIFO", "FIFO|FAIR", "Whether jobs run one after the other or share the cores."),
    {"cerium.scheduler.pool", kString, "", "The pool of the jobs of this thread."},
    {"cerium.shuffle.adaptive", kBool, "true",
     "Whether shuffles are read as their sizes suggest: small neighbouring partitions with one request, large ones "
     "first, near their data. Partitions, order and results stay the same."},
    {"cerium.shuffle.compress", kBool, "true", "Whether shuffle data is compressed where that makes it smaller."},
    {"cerium.speculation", kBool, "true",
     "Whether a task much slower than the other tasks of its stage is started a second time."},
    {"cerium.speculation.minTaskRuntime", kDuration, "1s",
     "A task is started a second time only after it has run this long."},
    {"cerium.speculation.multiplier", kDouble, "3.0", "How many times slower than the median a slow task is.", 1, 1},
    {"cerium.speculation.quantile", kDouble, "0.75", "The share of a stage's tasks that must be done first.", 1, 0, 1},
    {"cerium.stage.maxConsecutiveAttempts", kInt, "4", "How often in a row a stage may fail before its job does.", 1, 1,
     kMaxInt},
    oneOf("cerium.submit.deployMode", "client", "client|cluster", "Whether the driver runs here or in the cluster."),
    {"cerium.task.cpus", kInt, "1", "The cores that one task takes.", 1, 1, kMaxInt},
    {"cerium.task.maxFailures", kInt, "4", "How often a task may fail before its job does.", 1, 1, kMaxInt},
    {"cerium.task.reaper.killTimeout", kDuration, "10s",
     "How long a task may run on after it was told to stop; then its executor is ended, in local[N] its thread given "
     "up. 0 or less is without limit.",
     kSecond, -kMaxInt},
    {"cerium.ui.allowedHosts", kString, "",
     "Further names under which browsers reach the web pages, for example of a proxy before them."},
    {"cerium.ui.enabled", kBool, "true", "Whether the driver serves the web pages."},
    {"cerium.ui.host", kString, "127.0.0.1",
     "The address of the web pages; one that other machines reach asks for the token that the driver logs."},
    {"cerium.ui.port", kInt, "4040", "The port of the web pages; the next free one is taken.", 1, 0, kMaxPort},
    {"cerium.ui.retainedJobs", kInt, "10000", "The jobs that the web pages show; the oldest ones go first.", 1, 1,
     kMaxInt},
    {"cerium.ui.retainedStages", kInt, "10000", "The stages that the web pages show; the oldest ones go first.", 1, 1,
     kMaxInt},
    oneOf("cerium.ui.showConsoleProgress", "auto", "auto|true|false",
          "Whether stages show a bar on the terminal; auto is on terminals only."),
    {"cerium.ui.store.maxBytes", kSize, "256m",
     "The memory for what the web pages show of single tasks; the oldest ones go first.", kMiB, kMiB},
};

// A family of settings. The rest of the key is the name of a variable, so the table cannot list them.
constexpr std::string_view kExecutorEnv = "cerium.executorEnv.";
constexpr ConfigKey kExecutorVariable = {kExecutorEnv, kString, "", "An environment variable of the executors."};

// Every other key belongs to the program.
constexpr ConfigKey kOwnKey = {"", kString, "", "A setting of the program's own."};

const char* typeName(ConfigType type) {
  switch (type) {
    case kInt:
      return "a whole number";
    case kBool:
      return "a truth value; write true or false";
    case kDouble:
      return "a number; write one as in 0.75";
    case kSize:
      return "a size; write a number with k, m, g or t, as in 2g";
    case kDuration:
      return "a duration; write a number with ms, s, m, h or d, as in 30s";
    case kString:
    case kEnum:
    case kMaster:
      break;
  }
  return "a value";
}

const char* unitName(ConfigType type) { return type == kSize ? " bytes" : type == kDuration ? " ms" : ""; }

/// The value as a number, for types that have a range.
std::optional<double> numberOf(const ConfigKey& key, std::string_view value) {
  const auto asDouble = [](std::optional<int64_t> number) {
    return number ? std::optional(static_cast<double>(*number)) : std::nullopt;
  };
  switch (key.type) {
    case kInt:
      return asDouble(parseInt(value));
    case kDouble:
      return parseDouble(value);
    case kSize:
      return asDouble(parseSize(value, key.unit));
    default:
      return asDouble(parseDurationMs(value, key.unit));
  }
}

[[noreturn]] void fail(const ConfigKey& key, std::string_view value, std::string_view what) {
  throw InvalidArgument(fmt::format("{}: \"{}\" {}", key.name, value, what));
}

std::string checkedChoice(const ConfigKey& key, std::string_view value) {
  std::string_view rest = key.choices;
  while (!rest.empty()) {
    const std::string_view choice = rest.substr(0, rest.find('|'));
    if (editDistance(choice, value) == 0) return std::string(choice);
    rest.remove_prefix(std::min(rest.size(), choice.size() + 1));
  }
  fail(key, value, fmt::format("is not one of {}", key.choices));
}

void checkRange(const ConfigKey& key, std::string_view value) {
  const std::optional<double> number = numberOf(key, value);
  if (!number) fail(key, value, fmt::format("is not {}", typeName(key.type)));
  if (*number < key.min) fail(key, value, fmt::format("is too small; the least is {}{}", key.min, unitName(key.type)));
  if (*number > key.max) fail(key, value, fmt::format("is too large; the most is {}{}", key.max, unitName(key.type)));
}

}  // namespace

std::span<const ConfigKey> configKeys() { return kKeys; }

const ConfigKey& findConfigKey(std::string_view name) {
  const auto* found = std::lower_bound(std::begin(kKeys), std::end(kKeys), name,
                                       [](const ConfigKey& key, std::string_view wanted) { return key.name < wanted; });
  if (found != std::end(kKeys) && found->name == name) return *found;
  if (name.starts_with(kExecutorEnv) && name.size() > kExecutorEnv.size()) return kExecutorVariable;

  std::vector<std::string_view> names;
  for (const ConfigKey& key : kKeys) names.push_back(key.name);
  const std::string_view closest = nearestWord(name, names);
  if (name.starts_with("cerium.")) {
    throw InvalidArgument(fmt::format("\"{}\" is not a setting; did you mean {}?", name, closest));
  }
  if (name.empty() || name.starts_with("spark.") || editDistance(name, closest) * 2 <= closest.size()) {
    throw InvalidArgument(
        fmt::format("\"{}\" is not a setting: Cerium's begin with \"cerium.\"; did you mean {}?", name, closest));
  }
  return kOwnKey;
}

std::string checkedConfigValue(const ConfigKey& key, std::string_view value) {
  value = trimmed(value);
  switch (key.type) {
    case kString:
      break;
    case kMaster:
      (void)parseMasterUrl(value);
      break;
    case kEnum:
      return checkedChoice(key, value);
    case kBool: {
      const std::optional<bool> truth = parseBool(value);
      if (!truth) fail(key, value, fmt::format("is not {}", typeName(key.type)));
      return *truth ? "true" : "false";
    }
    default:
      checkRange(key, value);
  }
  return std::string(value);
}

std::string environmentName(std::string_view key) {
  std::string name;
  for (const char c : key) {
    if (std::isupper(static_cast<unsigned char>(c))) name += '_';
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

}  // namespace cerium
