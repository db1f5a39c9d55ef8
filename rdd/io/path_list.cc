// Cerium. Licensed under the Apache License 2.0.
// The files that a user's path names: one file, a folder, a pattern, or a list of these.
#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/util/error.h"
#include "rdd/io/paths.h"
#include "rdd/io/text_files.h"

namespace cerium::io {
namespace {

bool exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

/// Cuts at commas outside braces: "a,{b,c}/*" is "a" and "{b,c}/*". A path that exists is not cut.
std::vector<std::string> splitList(const std::string& paths) {
  if (exists(paths)) return {paths};
  std::vector<std::string> parts(1);
  int braces = 0;
  for (const char c : paths) {
    if (c == '{') ++braces;
    if (c == '}' && braces > 0) --braces;
    if (c == ',' && braces == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

const char* kindOf(mode_t mode) {
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISDIR(mode)) return "a folder inside a folder";
  return "a device";
}

void addFile(const std::string& path, mode_t mode, std::vector<std::string>& files) {
  if (!S_ISREG(mode)) {
    throw IoError(
        fmt::format("cannot read {}: it is {}, not a regular file; name the files themselves, or a pattern that "
                    "leaves it out",
                    path, kindOf(mode)));
  }
  if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0) failIo("read", path);
  files.push_back(path);
}

/// The files of one folder. A subfolder is an error: skipping it would lose data silently.
void addFolder(const std::string& path, std::vector<std::string>& files) {
  std::error_code error;
  for (std::filesystem::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (isHidden(it->path().filename().native())) continue;
    struct stat info {};
    if (::stat(it->path().c_str(), &info) != 0) failIo("read", it->path().string());
    addFile(it->path().string(), info.st_mode, files);
  }
  if (error) failIo("list folder", path, error.value());
}

void addExisting(const std::string& path, std::vector<std::string>& files) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) failIo("read", path);
  if (S_ISDIR(info.st_mode)) return addFolder(path, files);
  addFile(path, info.st_mode, files);
}

std::string_view lastName(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

/// The paths that match a pattern. Hidden names match only if the pattern spells them.
std::vector<std::string> expand(const std::string& pattern) {
  glob_t found{};
  const auto onError = [](const char*, int error) { return error == ENOENT || error == ENOTDIR ? 0 : 1; };
  const int result = ::glob(pattern.c_str(), GLOB_BRACE | GLOB_NOSORT, onError, &found);
  const int error = errno;
  std::vector<std::string> matches;
  for (size_t i = 0; i < found.gl_pathc; ++i) {
    if (!isHidden(lastName(found.gl_pathv[i])) || isHidden(lastName(pattern))) matches.emplace_back(found.gl_pathv[i]);
  }
  ::globfree(&found);
  if (result == GLOB_NOSPACE) throw std::bad_alloc();
  if (result == GLOB_ABORTED) failIo("search", pattern, error);
  if (matches.empty()) {
    throw IoError(fmt::format("cannot read {}: the pattern matches nothing; check it with ls", pattern));
  }
  return matches;
}

}  // namespace

std::vector<std::string> listFiles(const std::string& paths) {
  std::vector<std::string> files;
  for (const std::string& part : splitList(paths)) {
    const std::string path = localPath(part);
    // A file may be named "data[1].txt"; only a path that does not exist is taken as a pattern.
    if (!exists(path) && path.find_first_of("*?[{") != path.npos) {
      for (const std::string& match : expand(path)) addExisting(match, files);
    } else {
      addExisting(path, files);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace cerium::io
