// Cerium. Licensed under the Apache License 2.0.
// The web port of a real application: what it did is there over HTTP while it lives, and in its event log afterwards.
#include "driver/app/web_ui.h"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "driver/context.h"
#include "driver/job_failed.h"
#include "tests/support/each_master.h"
#include "tests/support/temp_folder.h"
#include "web-ui/http/client.h"

namespace cerium {
namespace {

using http::httpGet;
using testing::numbers;
using testing::testConf;

Conf watchedConf(const char* master, const std::string& events) {
  return testConf(master)
      .setAppName("watched <b>\"app\"</b>")
      .set("cerium.ui.enabled", "true")
      .set("cerium.ui.port", "0")
      .set("cerium.eventLog.enabled", "true")
      .set("cerium.eventLog.dir", events);
}

int failAt77(int x) {
  if (x == 77) throw std::out_of_range("record 77 is bad");
  return x;
}

/// GETs until the answer contains `wanted`: events travel to the pages on a thread of their own.
std::string getUntil(const std::string& url, const std::string& wanted) {
  std::string body;
  for (int tries = 0; tries < 500; ++tries) {
    body = httpGet(url).body;
    if (body.find(wanted) != std::string::npos) return body;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return body;
}

}  // namespace

TEST_CASE("a running application shows its jobs, its failure and its cached data over HTTP", "[driver]") {
  for (const char* master : {"local[2,1]", "local-cluster[2,1,512m]"}) {
    INFO("master " << master);
    const testing::TempFolder folder;
    Context sc(watchedConf(master, folder.path()));
    REQUIRE_THAT(sc.uiWebUrl(), Catch::StartsWith("http://127.0.0.1:"));
    const std::string spark = sc.uiWebUrl() + "/api/v1/applications/" + sc.applicationId();
    const std::string own = sc.uiWebUrl() + "/api/cerium/v1/applications/" + sc.applicationId();
    auto cached = sc.parallelize(numbers(0, 1000), 4).setName("numbers").cache();
    CHECK(cached.map([](int x) { return std::pair(x % 5, x); }).reduceByKey(std::plus<>(), 3).count() == 5);
    CHECK_THROWS_AS(sc.parallelize(std::vector<int>{1, 77, 3}, 3).map(failAt77).collect(), JobFailed);

    const std::string jobs = getUntil(spark + "/jobs", "\"FAILED\"");
    CHECK_THAT(jobs, Catch::Contains("\"status\":\"SUCCEEDED\""));
    CHECK_THAT(jobs, Catch::Contains("count at web_ui_test.cc"));
    CHECK_THAT(httpGet(spark).body,
               Catch::Contains("watched <b>\\\"app\\\"<\\/b>") || Catch::Contains("watched <b>\\\"app\\\"</b>"));
    const std::string overview = httpGet(own + "/overview").body;
    CHECK_THAT(overview, Catch::Contains("\"errorType\":\"std::out_of_range\""));
    CHECK_THAT(overview, Catch::Contains("record 77 is bad"));
    CHECK_THAT(overview, Catch::Contains("\"endedJob\":true"));
    CHECK_THAT(getUntil(spark + "/storage/rdd", "\"numCachedPartitions\":4"), Catch::Contains("\"name\":\"numbers\""));
    CHECK_THAT(httpGet(own + "/jobs/0/graph").body, Catch::Contains("\"onCriticalPath\":true"));
    CHECK_THAT(httpGet(own + "/stages/0/0/metrics").body, Catch::Contains("\"quantiles\""));
    CHECK(httpGet(own + "/jobs/99").status == 404);
    CHECK(httpGet(own + "/jobs?offset=x").status == 400);
    CHECK(httpGet(sc.uiWebUrl() + "/api/v1/applications/other/jobs").status == 404);
    CHECK_THAT(httpGet(sc.uiWebUrl() + "/").body, Catch::Contains("<div id=\"app\">"));
  }
}

TEST_CASE("a port that is taken or a folder that cannot be written does not stop the application", "[driver]") {
  const testing::TempFolder folder;
  Context first(watchedConf("local[1]", folder.path()));
  const std::string port = first.uiWebUrl().substr(first.uiWebUrl().rfind(':') + 1);
  Context second(watchedConf("local[1]", "/dev/null/events").set("cerium.ui.port", port));
  CHECK_FALSE(second.uiWebUrl().empty());  // the next port that is free
  CHECK(second.uiWebUrl() != first.uiWebUrl());
  CHECK(second.parallelize(numbers(0, 10)).count() == 10);
}

}  // namespace cerium
