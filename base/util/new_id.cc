// Cerium. Licensed under the Apache License 2.0.
#include "base/util/new_id.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>

#include "base/util/error.h"

namespace cerium {

std::string newId(std::string_view prefix) {
  uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != static_cast<ssize_t>(sizeof random))
    throw IoError(fmt::format("the system gives no random numbers for an id: {}", std::strerror(errno)));
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
  return fmt::format("{}-{}-{:016x}", prefix, text, random);
}

bool isSafeId(std::string_view id) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  return !id.empty() && id.size() <= 128 && id.front() != '.' && id.front() != '-' && id.front() != '_' &&
         id.find_first_not_of(kAllowed) == id.npos;
}

}  // namespace cerium
