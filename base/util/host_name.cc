// Cerium. Licensed under the Apache License 2.0.
#include "base/util/host_name.h"

#include <unistd.h>

#include <climits>

namespace cerium {

std::string hostName() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace cerium
