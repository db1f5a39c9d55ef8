// Cerium. Licensed under the Apache License 2.0.
// ui: what web pages and event log cost. The engine runs short tasks with the event log on and three browsers open,
// each of which reads the overview, the stages and the task stream twice a second; the "baseline" is the same engine
// without pages and log. At scale 1 there are 100,000 tasks of 50 microseconds.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "bench/bench.h"

namespace cerium::bench {
namespace {

constexpr int kBrowsers = 3;

int tasksOf(const Options& options) { return static_cast<int>(options.scaled(100'000)); }

/// Spins for 50 microseconds.
int work(int index) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(50);
  while (std::chrono::steady_clock::now() < end) {
  }
  return index;
}

void run(Context& sc, const Options& options, Recorder& recorder) {
  const int n = tasksOf(options);
  auto tasks = sc.range(0, n, 1, n);
  recorder.measure([&] {
    const auto results = sc.runJob(tasks, [](auto&) { return work(TaskContext::get()->partitionId()); });
    return Answer{{results.size()}, {}};
  });
}

/// Reads the whole answer to a GET; the number of its bytes.
size_t get(uint16_t port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  size_t bytes = 0;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    (void)!::write(fd, request.data(), request.size());
    char buffer[64 << 10];
    for (ssize_t got = 1; got > 0;) {
      got = ::read(fd, buffer, sizeof buffer);
      bytes += got > 0 ? static_cast<size_t>(got) : 0;
    }
  }
  ::close(fd);
  return bytes;
}

void browse(const std::string& url, const std::string& application, const std::atomic<bool>& ends) {
  const auto port = static_cast<uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  const std::string base = "/api/cerium/v1/applications/" + application;
  while (!ends) {
    for (const char* page : {"/overview", "/stages", "/taskstream"}) get(port, base + page);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

void withPages(Context& sc, const Options& options, Recorder& recorder) {
  std::atomic<bool> ends{false};
  std::vector<std::thread> browsers;
  for (int i = 0; i < kBrowsers; ++i) browsers.emplace_back([&] { browse(sc.uiWebUrl(), sc.applicationId(), ends); });
  run(sc, options, recorder);
  ends = true;
  for (auto& browser : browsers) browser.join();
}

void withoutPages(int, const Options& options, Recorder& recorder) {
  Context sc(benchConf("ui").set("cerium.ui.enabled", "false").set("cerium.eventLog.enabled", "false"));
  run(sc, options, recorder);
}

}  // namespace
}  // namespace cerium::bench

int main(int argc, char** argv) {
  using namespace cerium::bench;
  const Options options = parseOptions(argc, argv);
  auto rate = [&](double seconds) { return More{{"tasks_per_second", tasksOf(options) / seconds}}; };
  return compare({"ui", withPages, withoutPages, rate}, options);
}
