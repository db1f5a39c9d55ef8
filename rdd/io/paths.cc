// Cerium. Licensed under the Apache License 2.0.
#include "rdd/io/paths.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "base/util/error.h"
#include "base/util/host_name.h"

namespace cerium::io {
namespace {

/// What to do about a failed system call; empty if the reason is enough.
std::string adviceFor(const std::string& path, int error) {
  switch (error) {
    case ENOENT: {
      if (!path.starts_with('/')) {
        std::error_code ignored;
        return fmt::format("; a relative path starts at {}", std::filesystem::current_path(ignored).string());
      }
      return fmt::format("; check the spelling, and that machine {} sees this path", hostName());
    }
    case EACCES:
    case EPERM:
      return fmt::format("; give user id {} access to it", ::geteuid());
    case ENOSPC:
    case EDQUOT:
      return "; free space there or choose another folder";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files (ulimit -n)";
    default:
      return "";
  }
}

}  // namespace

std::string localPath(const std::string& path) {
  constexpr std::string_view kScheme = "file:";
  std::string_view rest = path;
  if (rest.starts_with(kScheme)) {
    rest.remove_prefix(kScheme.size());
    if (rest.starts_with("//")) rest.remove_prefix(2);
    if (!rest.starts_with('/')) {
      throw InvalidArgument(
          fmt::format("\"{}\" is not a path: write an absolute path after file://, as in file:///data", path));
    }
  } else if (const size_t scheme = rest.find("://"); scheme != rest.npos && rest.find('/') > scheme) {
    throw InvalidArgument(
        fmt::format("\"{}\": Cerium reads and writes file systems only; mount the storage behind {}:// "
                    "on every machine and name the folder",
                    path, rest.substr(0, scheme)));
  }
  if (rest.empty()) throw InvalidArgument("an empty path names no file; give a file, a folder or a pattern");
  return std::string(rest);
}

bool isHidden(std::string_view name) { return name.starts_with('.') || name.starts_with('_'); }

void failIo(std::string_view action, const std::string& path, int error) {
  throw IoError(fmt::format("cannot {} {}: {}{}", action, path, std::strerror(error), adviceFor(path, error)));
}

}  // namespace cerium::io
