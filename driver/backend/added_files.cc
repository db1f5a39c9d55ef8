// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/added_files.h"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <map>

#include "base/util/mutex.h"
#include "rdd/task_context.h"

namespace cerium {
namespace {

struct Added {
  Mutex mutex;
  std::map<ContextId, std::map<std::string, protocol::AddedFile>> files CERIUM_GUARDED_BY(mutex);  // by name
};
Added& added() {
  static auto* all = new Added();
  return *all;
}

InvalidArgument notAdded(const std::string& name, const char* where) {
  return InvalidArgument("File::get: no file " + name + " was added to " + where + "; call its addFile first");
}

}  // namespace

std::string readableFile(const std::string& path) {
  char absolute[PATH_MAX];
  if (::realpath(path.c_str(), absolute) == nullptr || ::access(absolute, R_OK) != 0) {
    throw IoError("addFile: cannot read " + path + ": " + std::strerror(errno));
  }
  return absolute;
}

void addFileForTasks(const std::string& absolute_path, BroadcastId contents, ContextId context) {
  const std::string name = absolute_path.substr(absolute_path.rfind('/') + 1);
  MutexLock lock(added().mutex);
  const auto [known, is_new] = added().files[context].try_emplace(name);
  if (!is_new && known->second.path != absolute_path) {
    throw InvalidArgument("addFile: " + known->second.path + " and " + absolute_path +
                          " have one name, by which tasks ask for a file; rename one");
  }
  known->second = {name, absolute_path, contents.value};
}

void removeAddedFiles(ContextId context) {
  MutexLock lock(added().mutex);
  added().files.erase(context);
}

protocol::AddedFiles addedFiles(ContextId context) {
  MutexLock lock(added().mutex);
  protocol::AddedFiles all;
  auto found = added().files.find(context);
  if (found == added().files.end()) return all;
  for (const auto& [name, file] : found->second) all.files.push_back(file);
  return all;
}

std::string pathOfAddedFile(const std::string& name, ContextId context) {
  MutexLock lock(added().mutex);
  auto files = added().files.find(context);
  if (files != added().files.end()) {
    auto found = files->second.find(name);
    if (found != files->second.end()) return found->second.path;
  }
  throw notAdded(name, "the Context of this task");
}

std::string pathInDriver(const std::string& name) {
  MutexLock lock(added().mutex);
  std::string path;
  for (const auto& [context, files] : added().files) {
    auto found = files.find(name);
    if (found == files.end()) continue;
    if (!path.empty() && path != found->second.path) {
      throw InvalidArgument("File::get: " + path + " and " + found->second.path +
                            " were added to different Contexts under one name; in the driver's own code, use the path");
    }
    path = found->second.path;
  }
  if (path.empty()) throw notAdded(name, "a running Context");
  return path;
}

}  // namespace cerium
