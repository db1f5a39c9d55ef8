// Cerium. Licensed under the Apache License 2.0.
#include "base/util/new_id.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>

namespace cerium {

std::string newId(std::string_view prefix) {
  uint16_t random = 0;
  [[maybe_unused]] const auto got = ::getrandom(&random, sizeof random, 0);
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
  return fmt::format("{}-{}-{:04x}-{}", prefix, text, random, ::getpid());
}

}  // namespace cerium
