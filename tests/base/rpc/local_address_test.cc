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

TEST_CASE("a name that is a loopback address is refused, but for localhost", "[rpc][address]") {
  const std::string other = "0x7f000001";  // resolves like a name that /etc/hosts maps to 127.0.0.1
  const auto refused = Catch::Contains(other + " is 127.0.0.1 on this machine");
  CHECK_THROWS_WITH(addressTowards(Endpoint{other, 7077}), refused);
  CHECK_THROWS_AS(addressTowards({Endpoint{other, 7077}, {"127.0.0.1", 7077}}), InvalidArgument);
  CHECK_THROWS_WITH(makeTcpTransport({})->listen({other, 0}, {}), refused);
  CHECK_THROWS_WITH(ownAddress(other, {{"127.0.0.1", 7077}}), refused);
  CHECK(makeTcpTransport({})->listen({"localhost", 0}, {}).port > 0);
  CHECK(ownAddress("localhost", {{"127.0.0.1", 7077}}) == "localhost");
  CHECK(ownAddress("", {{"localhost", 7077}}) == "127.0.0.1");
  CHECK_NOTHROW(refuseLoopbackName("127.0.1.1", "127.0.1.1"));
  CHECK_NOTHROW(refuseLoopbackName("node1", "10.77.0.1"));
  CHECK_THROWS_WITH(refuseLoopbackName("node1", "127.0.1.1"), Catch::Contains("\"127.0.1.1 node1\" of /etc/hosts"));
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
