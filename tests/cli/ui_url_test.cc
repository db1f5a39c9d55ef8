// Cerium. Licensed under the Apache License 2.0.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "base/rpc/secrets.h"
#include "tests/support/command.h"

namespace cerium {

TEST_CASE("cerium ui-url prints a link for those who have the cluster's secret", "[cli]") {
  testing::Command command("ui-url");
  const std::string file = command.folder / "secret";
  std::ofstream(file) << "open sesame\n";
  ::chmod(file.c_str(), 0600);
  const std::string token = rpc::deriveSecret("open sesame", "web pages").substr(0, 32);
  const auto link = command.run({"cerium://node1:7077,node2:7077", "--secret-file", file});
  CHECK(link.status == 0);
  CHECK(link.out == "http://node1:8080/?token=" + token + "\n");
  CHECK(command.run({"cerium://node1:7077", "--secret-file", file, "--pages", "http://ui:81/"}).out ==
        "http://ui:81/?token=" + token + "\n");
  CHECK(command.run({"cerium://node1:7077"}).status != 0);
  command.environment["CERIUM_AUTHENTICATE"] = "false";
  const auto open = command.run({"cerium://node1:7077"});
  CHECK(open.status == 2);
  CHECK_THAT(open.err, Catch::Contains("each process logs the link"));
}

}  // namespace cerium
