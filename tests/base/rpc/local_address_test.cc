// Cerium. Licensed under the Apache License 2.0.
#include "base/rpc/local_address.h"

#include <catch2/catch.hpp>

#include "base/util/error.h"

namespace cerium::rpc {

TEST_CASE("a manager whose name is unknown does not hide the next one", "[rpc][address]") {
  const Endpoint unknown{"no-such-host.invalid", 7077};
  const Endpoint here{"127.0.0.1", 7077};
  CHECK(addressTowards({unknown, here}) == "127.0.0.1");
  CHECK(addressTowards({here, unknown}) == "127.0.0.1");
  CHECK_THROWS_WITH(addressTowards({unknown, {"nor-this.invalid", 1}}),
                    Catch::Contains("no-such-host.invalid") && Catch::Contains("nor-this.invalid"));
  CHECK_THROWS_AS(addressTowards(unknown), IoError);
}

TEST_CASE("wildcard addresses are known in every spelling", "[rpc][address]") {
  for (const char* host : {"0.0.0.0", "0", "::", "0::0", "0:0:0:0:0:0:0:0"}) {
    INFO(host);
    CHECK(isWildcard(host));
  }
  for (const char* host : {"127.0.0.1", "::1", "10.0.0.0", "localhost", "node1", ""}) {
    INFO(host);
    CHECK_FALSE(isWildcard(host));
  }
}

}  // namespace cerium::rpc
