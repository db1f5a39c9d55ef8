// Cerium. Licensed under the Apache License 2.0.
// What reading and writing files share: how a path is spelled, and how a failed system call is told to a user.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>

namespace cerium::io {

/// The path as the system knows it: "file:///data/a.txt" and "file:/data/a.txt" are /data/a.txt.
/// Throws InvalidArgument where it is empty or names a storage system that is not mounted here ("s3://bucket/a").
[[nodiscard]] std::string localPath(const std::string& path);

/// True for names that a folder's listing leaves out: they begin with `.` or `_`.
[[nodiscard]] bool isHidden(std::string_view name);

/// Throws IoError: "cannot <action> <path>: <the system's reason>; <what to do about it>".
[[noreturn]] void failIo(std::string_view action, const std::string& path, int error = errno);

}  // namespace cerium::io
