// Cerium. Licensed under the Apache License 2.0.
// The port of a running application: who may see it, and what may be changed.
#include <cerium/cerium.h>

#include <atomic>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "base/util/host_name.h"
#include "tests/support/stderr_file.h"
#include "tests/support/temp_folder.h"
#include "web-ui/http/client.h"

namespace cerium {
namespace {

using http::fetch;
using http::httpGet;
using testing::TempFolder;

std::atomic<int> tasks_that_wait{0};

/// A task that ends when its job is cancelled.
int waitForTheEnd(int x) {
  ++tasks_that_wait;
  while (!TaskContext::get()->isInterrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return x;
}

Conf confFor(const std::string& host) {
  return Conf()
      .setMaster("local[2]")
      .setAppName("port")
      .set("cerium.ui.host", host)
      .set("cerium.ui.port", "0")
      .set("cerium.eventLog.enabled", "false")
      .set("cerium.ui.showConsoleProgress", "false");
}

/// Until the pages know what the driver has just done.
template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

class Pages {
 public:
  explicit Pages(const Context& sc)
      : root_(sc.uiWebUrl()), app_(root_ + "/api/cerium/v1/applications/" + sc.applicationId()) {}

  [[nodiscard]] const std::string& app() const { return app_; }
  [[nodiscard]] std::string changeToken() const {
    const auto session = boost::json::parse(httpGet(root_ + "/api/cerium/v1/session").body).as_object();
    return std::string(session.at("token").as_string());
  }
  [[nodiscard]] http::Response post(const std::string& path, const std::string& token) const {
    return fetch({.url = app_ + path, .method = "POST", .headers = {{"X-Cerium-Token", token}}});
  }

 private:
  const std::string root_;
  const std::string app_;
};

}  // namespace

TEST_CASE("a job is cancelled from the driver's pages, by a page with the token of its session only", "[http]") {
  Context sc(confFor("127.0.0.1"));
  const Pages pages(sc);
  const std::string token = pages.changeToken();
  const std::string way = GENERATE(std::string("/jobs/0/cancel"), std::string("/stages/0/cancel"));
  tasks_that_wait = 0;
  auto job = sc.parallelize(std::vector<int>{1, 2}, 2).map(waitForTheEnd).countAsync();
  REQUIRE(eventually([] { return tasks_that_wait == 2; }));
  REQUIRE(eventually([&] { return httpGet(pages.app() + "/stages/0/0").status == 200; }));
  CHECK(pages.post(way, "").status == 403);
  CHECK(fetch({.url = pages.app() + way,
               .method = "POST",
               .headers = {{"X-Cerium-Token", token}, {"Origin", "http://evil.com"}}})
            .status == 403);
  CHECK(pages.post("/jobs/7/cancel", token).status == 404);
  CHECK(pages.post("/stages/7/cancel", token).status == 404);
  CHECK(pages.post("/jobs/x/cancel", token).status == 404);
  CHECK_FALSE(job.isCompleted());
  CHECK(pages.post(way, token).status == 204);
  CHECK_THROWS_WITH(job.get(), Catch::Contains("cancelled in the web pages"));
  REQUIRE(eventually([&] { return pages.post(way, token).status == 409; }));
}

TEST_CASE("a driver's port on a wide address shows the application to those with the token", "[http]") {
  const TempFolder folder;
  const testing::StderrFile log(folder / "log");
  Context sc(confFor("0.0.0.0").set("cerium.logLevel", "INFO"));
  const Pages pages(sc);
  CHECK(sc.uiWebUrl().starts_with("http://" + hostName() + ":"));
  CHECK(sc.uiWebUrl().find("token") == std::string::npos);
  const std::string link = sc.uiWebUrl() + "/?token=";
  const std::string said = log.text();
  const size_t at = said.find(link);
  REQUIRE(at != std::string::npos);
  CHECK(said.find("token=", at + link.size()) == std::string::npos);
  const std::string token = said.substr(at + link.size(), 32);
  const std::string root = "http://127.0.0.1" + sc.uiWebUrl().substr(sc.uiWebUrl().rfind(':'));
  for (const std::string path : {"/api/v1/applications", "/api/cerium/v1/session", "/metrics", "/nothing"}) {
    INFO(path);
    CHECK(httpGet(root + path).status == 401);
  }
  CHECK(httpGet(root + "/healthz").status == 200);
  CHECK(httpGet(root + "/readyz").status == 200);
  CHECK(fetch({.url = root + "/api/v1/applications", .headers = {{"Authorization", "Bearer " + token}}}).status == 200);
  CHECK(fetch({.url = root + "/metrics", .headers = {{"Authorization", "Bearer " + token}}}).status == 200);
}

TEST_CASE("a driver's figures are there for Prometheus", "[http]") {
  Context sc(confFor("127.0.0.1"));
  const std::string url = sc.uiWebUrl() + "/metrics";
  CHECK(sc.parallelize(std::vector<int>{1, 2, 3}, 3).count() == 3);
  REQUIRE(
      eventually([&] { return httpGet(url).body.find("cerium_jobs{state=\"succeeded\"} 1\n") != std::string::npos; }));
  const http::Response metrics = httpGet(url);
  CHECK_THAT(metrics.type, Catch::StartsWith("text/plain; version=0.0.4"));
  for (const char* line : {"cerium_jobs{state=\"running\"} 0\n", "cerium_stages{state=\"complete\"} 1\n",
                           "cerium_tasks{state=\"completed\"} 3\n", "cerium_executors{state=\"active\"} 1\n",
                           "cerium_cores 2\n", "cerium_events_dropped_total 0\n", "cerium_storage_memory_max_bytes "}) {
    CHECK_THAT(metrics.body, Catch::Contains(line));
  }
}

TEST_CASE("a driver's pages end with its Context", "[http]") {
  Context sc(confFor("127.0.0.1"));
  const std::string url = sc.uiWebUrl() + "/healthz";
  CHECK(httpGet(url).status == 200);
  sc.stop();
  CHECK_THROWS_AS(httpGet(url), IoError);
}

}  // namespace cerium
