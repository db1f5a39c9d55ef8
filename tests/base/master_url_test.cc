// Cerium. Licensed under the Apache License 2.0.
// Masters: every valid form, and the errors for other texts.
#include "base/config/master_url.h"

#include <catch2/catch.hpp>

#include "base/util/error.h"

namespace cerium {

using Catch::Contains;
using Kind = MasterUrl::Kind;

namespace {

std::string messageOf(const std::string& text) {
  try {
    (void)parseMasterUrl(text);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("local masters have threads and a number of failures", "[base][config]") {
  struct Case {
    const char* text;
    int threads;
    int max_failures;
  };
  const Case c = GENERATE(Case{"local", 1, 1}, Case{"local[4]", 4, 1}, Case{"local[*]", 0, 1}, Case{"local[4,3]", 4, 3},
                          Case{"local[*, 2]", 0, 2}, Case{" local[ 8 ] ", 8, 1});
  CAPTURE(c.text);
  const MasterUrl url = parseMasterUrl(c.text);
  CHECK(url.kind == Kind::kLocal);
  CHECK(url.threads == c.threads);
  CHECK(url.max_failures == c.max_failures);
}

TEST_CASE("a local cluster has executors, cores and memory", "[base][config]") {
  const MasterUrl plain = parseMasterUrl("local-cluster[2,4,1024]");
  CHECK(plain.kind == Kind::kLocalCluster);
  CHECK(plain.executors == 2);
  CHECK(plain.cores == 4);
  CHECK(plain.memory_bytes == int64_t{1} << 30);
  CHECK(parseMasterUrl("local-cluster[3, 1, 2g]").memory_bytes == int64_t{2} << 30);
}

TEST_CASE("a standalone master has one or more endpoints", "[base][config]") {
  using Endpoints = std::vector<MasterUrl::Endpoint>;
  CHECK(parseMasterUrl("cerium://manager:7077").kind == Kind::kStandalone);
  CHECK(parseMasterUrl("cerium://manager:7077").endpoints == Endpoints{{"manager", 7077}});
  CHECK(parseMasterUrl("cerium://a:1,10.0.0.2:65535, [::1]:7077").endpoints ==
        Endpoints{{"a", 1}, {"10.0.0.2", 65535}, {"::1", 7077}});
}

TEST_CASE("any other text is refused with the valid forms", "[base][config]") {
  const std::string text =
      GENERATE("", "x", "local[", "local[]", "local[0]", "local[-1]", "local[x]", "local[4,]", "local[4,0]",
               "local[1,2,3]", "local[**]", "local[99999999999]", "localhost", "local-cluster", "local-cluster[1,1]",
               "local-cluster[1,1,1,1]", "local-cluster[0,1,1g]", "local-cluster[1,1,0]", "local-cluster[1,1,1k]",
               "local-cluster[*,1,1g]", "cerium://", "cerium://:7077", "cerium://host", "cerium://host:0",
               "cerium://host:65536", "cerium://host:x", "cerium://a:1,", "cerium://a:1,b", "cerium://a b:1",
               "cerium://a:1/path", "cerium://::1:7077", "cerium://user@host:1", "http://host:7077", "local[4]x");
  CHECK_THROWS_AS(parseMasterUrl(text), InvalidArgument);
  CHECK_THAT(messageOf(text), Contains("\"" + text + "\" is not a master") && Contains("local[N]") &&
                                  Contains("local-cluster[executors,cores,memory]") && Contains("cerium://host:port"));
}

TEST_CASE("a misspelt master is refused with the likely one", "[base][config]") {
  struct Case {
    const char* text;
    const char* meant;
  };
  const Case c = GENERATE(
      Case{"locl[4]", "local[4]"}, Case{"Local[4]", "local[4]"}, Case{"local(4)", "local[4]"},
      Case{"local[4", "local[4]"}, Case{"local [4]", "local[4]"}, Case{"LOCAL", "local"}, Case{"loacl", "local"},
      Case{"local_cluster[2,1,1g]", "local-cluster[2,1,1g]"}, Case{"local-clustr[2,1,1g]", "local-cluster[2,1,1g]"},
      Case{"ceruim://host:7077", "cerium://host:7077"}, Case{"cerium:host:7077", "cerium://host:7077"},
      Case{"cerium:/host:7077", "cerium://host:7077"}, Case{"cerium://host", "cerium://host:7077"},
      Case{"cerium://host:7077/", "cerium://host:7077"}, Case{"host:7077", "cerium://host:7077"},
      Case{"manager.example.org:7077", "cerium://manager.example.org:7077"});
  CHECK_THAT(messageOf(c.text), Contains(std::string("; did you mean ") + c.meant + "?"));
}

TEST_CASE("masters of other systems have a hint of their own", "[base][config]") {
  CHECK_THAT(messageOf("spark://host:7077"), Contains("Spark master") && Contains("write cerium://host:7077"));
  for (const char* text : {"yarn", "yarn-client", "k8s://https://host", "mesos://host:5050"}) {
    CHECK_THAT(messageOf(text), Contains("`cerium manager`"));
  }
  CHECK_THAT(messageOf("nonsense"), !Contains("did you mean"));
}

}  // namespace cerium
