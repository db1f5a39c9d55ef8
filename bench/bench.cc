// Cerium. Licensed under the Apache License 2.0.
// Processes, memory figures and the JSON line of the bench programs; see bench.h.
#include "bench/bench.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>

namespace cerium::bench {
namespace {

std::string masterText() {
  const char* master = std::getenv("CERIUM_MASTER");
  return master != nullptr && *master != '\0' ? master : "local[2]";
}

/// The figure after `key` in /proc/PID/status; nothing if the process is gone.
std::optional<int64_t> statusField(const std::string& pid, const std::string& key) {
  std::ifstream status("/proc/" + pid + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key, 0) == 0) return std::atoll(line.c_str() + key.size());
  }
  return std::nullopt;
}

/// User and system time of a process: fields 14 and 15 of /proc/PID/stat. The name, field 2, may contain spaces.
double cpuSeconds(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::string toText(const Outcome& outcome) {
  std::ostringstream out;
  out.precision(17);
  out << outcome.seconds << ' ' << outcome.usage.peak_rss_mb << ' ' << outcome.usage.cpu_seconds << ' '
      << outcome.answer.exact.size();
  for (uint64_t each : outcome.answer.exact) out << ' ' << each;
  for (double each : outcome.answer.close) out << ' ' << each;
  return out.str();
}
Outcome fromText(const std::string& text) {
  std::istringstream in(text);
  Outcome outcome;
  size_t integers = 0;
  in >> outcome.seconds >> outcome.usage.peak_rss_mb >> outcome.usage.cpu_seconds >> integers;
  outcome.answer.exact.resize(integers);
  for (uint64_t& each : outcome.answer.exact) in >> each;
  for (double each; in >> each;) outcome.answer.close.push_back(each);
  return outcome;
}

/// Runs `side` in a process of its own; nothing where that fails. REQUIRES: this process has one thread.
template <class Side>
std::optional<Outcome> inChild(Side side) {
  int ends[2];
  if (::pipe(ends) != 0) throw IoError("bench: no pipe to a child process");
  std::cout.flush();
  const pid_t child = ::fork();
  if (child < 0) throw IoError("bench: no child process");
  if (child == 0) {
    ::close(ends[0]);
    int status = 1;
    try {
      const std::string text = toText(side());
      // Text that does not fit into the pipe waits for the parent, which reads to the end.
      status = ::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1;
    } catch (const std::exception& e) {
      std::cerr << "bench: " << e.what() << '\n';
    }
    ::_exit(status);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) return std::nullopt;
  return fromText(text);
}

/// How many tasks CERIUM_MASTER runs at the same time. A child process finds out, so that this one is not changed.
int cores() {
  const auto counted = inChild([] {
    Outcome outcome;
    outcome.answer.exact = {static_cast<uint64_t>(Context(benchConf("cores")).defaultParallelism())};
    return outcome;
  });
  if (!counted) throw Error("bench: CERIUM_MASTER=" + masterText() + " does not start");
  return static_cast<int>(counted->answer.exact[0]);
}

}  // namespace

Usage usageOfFamily() {
  std::multimap<int64_t, std::string> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (auto parent = statusField(pid, "PPid:")) children.emplace(*parent, pid);
  }
  Usage usage;
  std::vector<std::string> family = {std::to_string(::getpid())};
  for (size_t i = 0; i < family.size(); ++i) {
    usage.peak_rss_mb += static_cast<double>(statusField(family[i], "VmHWM:").value_or(0)) / 1024;
    usage.cpu_seconds += cpuSeconds(family[i]);
    auto [first, last] = children.equal_range(std::atoll(family[i].c_str()));
    for (; first != last; ++first) family.push_back(first->second);
  }
  return usage;
}

int64_t Options::scaled(int64_t full) const {
  return std::max<int64_t>(1, std::llround(static_cast<double>(full) * scale));
}

bool agree(const Answer& a, const Answer& b) {
  auto near = [](double x, double y) { return std::abs(x - y) <= 1e-9 * std::max(std::abs(x), std::abs(y)); };
  return a.exact == b.exact && std::equal(a.close.begin(), a.close.end(), b.close.begin(), b.close.end(), near);
}

void Recorder::finish(double cpu_before) {
  std::sort(seconds_.begin(), seconds_.end());
  outcome_.seconds = seconds_[seconds_.size() / 2];
  outcome_.usage = usageOfFamily();
  outcome_.usage.cpu_seconds = (outcome_.usage.cpu_seconds - cpu_before) / runs_;
}

Options parseOptions(int argc, char** argv) {
  serveIfExecutor();
  Options options;
  auto fail = [&](const std::string& what) {
    std::cerr << argv[0] << ": " << what << "\nusage: " << argv[0]
              << " [--scale F] [--runs N] [--only engine|baseline]\n";
    std::exit(2);
  };
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) fail(name + " needs a value");
    const std::string value = argv[i + 1];
    if (name == "--scale") {
      options.scale = std::atof(value.c_str());
      if (!(options.scale > 0)) fail("--scale needs a number above 0, not " + value);
    } else if (name == "--runs") {
      options.runs = std::atoi(value.c_str());
      if (options.runs < 1) fail("--runs needs a number of at least 1, not " + value);
    } else if (name == "--only" && (value == "engine" || value == "baseline")) {
      options.only = value;
    } else {
      fail("unknown: " + name + ' ' + value);
    }
  }
  return options;
}

Conf benchConf(const std::string& name) { return Conf().setAppName("bench " + name).setMaster(masterText()); }

int compare(const Comparison& comparison, const Options& options) {
  const int threads = options.only == "engine" ? 0 : cores();
  auto engine_side = [&] {
    Context sc(benchConf(comparison.name));
    Recorder recorder(options.runs);
    comparison.engine(sc, options, recorder);
    return recorder.outcome();
  };
  auto baseline_side = [&] {
    Recorder recorder(options.runs);
    comparison.baseline(threads, options, recorder);
    return recorder.outcome();
  };
  if (!options.only.empty()) {
    const Outcome outcome = options.only == "engine" ? engine_side() : baseline_side();
    std::cout << comparison.name << ' ' << options.only << ": " << outcome.seconds << " s\n";
    return 0;
  }
  const auto engine = inChild(engine_side);
  const auto baseline = inChild(baseline_side);
  if (!engine || !baseline) {
    std::cerr << "bench: " << comparison.name << ": the " << (engine ? "baseline" : "engine") << "'s process failed\n";
    return 1;
  }
  return report(comparison.name, options, *engine, *baseline,
                comparison.more ? comparison.more(engine->seconds) : More());
}

int report(const std::string& name, const Options& options, const Outcome& engine, const Outcome& baseline,
           const More& more) {
  const bool equal = agree(engine.answer, baseline.answer);
  std::ostringstream line;
  line << R"({"bench": ")" << name << R"(", "master": ")" << masterText() << R"(", "scale": )" << options.scale
       << R"(, "runs": )" << options.runs;
  auto field = [&](const char* key, double value) { line << ", \"" << key << "\": " << value; };
  field("seconds", engine.seconds);
  field("baseline_seconds", baseline.seconds);
  field("ratio", engine.seconds / baseline.seconds);
  field("cpu_seconds", engine.usage.cpu_seconds);
  field("baseline_cpu_seconds", baseline.usage.cpu_seconds);
  field("peak_rss_mb", engine.usage.peak_rss_mb);
  field("baseline_peak_rss_mb", baseline.usage.peak_rss_mb);
  for (const auto& [key, value] : more) field(key.c_str(), value);
  line << R"(, "answer_equal": )" << (equal ? "true" : "false") << '}';
  std::cout << line.str() << std::endl;
  return equal ? 0 : 1;
}

}  // namespace cerium::bench
