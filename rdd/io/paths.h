// Cerium. Licensed under the Apache License 2.0.
// Paths and I/O errors, for reading and writing files.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>

namespace cerium::io {

/// The path in the local file system: "file:///data/a.txt" and "file:/data/a.txt" are /data/a.txt. Throws
/// InvalidArgument if it is empty or names a storage system that is not mounted ("s3://bucket/a").
[[nodiscard]] std::string localPath(const std::string& path);

/// Whether a folder's listing leaves the name out: it begins with `.` or `_`.
[[nodiscard]] bool isHidden(std::string_view name);

/// Throws IoError: "cannot <action> <path>: <the system's reason>; <what to do>".
[[noreturn]] void failIo(std::string_view action, const std::string& path, int error = errno);

}  // namespace cerium::io
