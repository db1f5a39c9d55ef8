// Cerium. Licensed under the Apache License 2.0.
// A file of settings (cerium-defaults.conf, `cerium submit --properties-file`) and its values: master, sizes,
// durations.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/config/config.h"
#include "base/config/config_values.h"
#include "base/config/master_url.h"
#include "tests/fuzz/fuzz.h"

using namespace cerium;

namespace {

void readValues(const Conf& conf) {
  if (conf.contains("cerium.master")) {
    const MasterUrl master = parseMasterUrl(conf.get("cerium.master"));
    const bool standalone = master.kind == MasterUrl::Kind::kStandalone;
    fuzz::check(standalone == !master.endpoints.empty(), "a cluster without managers");
    for (const auto& each : master.endpoints)
      fuzz::check(!each.host.empty() && each.port > 0, "a manager without port");
  }
  (void)conf.getSize("cerium.executor.memory");
  (void)conf.getDuration("cerium.network.timeout");
  (void)conf.getInt("cerium.cores.max");
  (void)conf.getBool("cerium.authenticate");
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {"cerium.master cerium://node1:7077,[::1]:7078\ncerium.executor.memory = 2g\n",
          "# comment\n\ncerium.network.timeout: 800us\r\ncerium.authenticate=FALSE\ncerium.cores.max\t4",
          "cerium.master=local[*, 3]\n", "cerium.master=local-cluster[2,4,1g]\n", ""};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int file = ::memfd_create("settings", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  ::setenv("CERIUM_PROPERTIES_FILE", path.c_str(), 1);
  fuzz::check(::ftruncate(file, 0) == 0 && ::pwrite(file, data, size, 0) == static_cast<ssize_t>(size),
              "the file of settings cannot be written");
  try {
    readValues(Conf());
    fuzz::decodedWhole();
  } catch (const InvalidArgument&) {
  }
  return 0;
}
