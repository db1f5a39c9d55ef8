// Cerium. Licensed under the Apache License 2.0.
#include "driver/added_files.h"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "driver/context.h"
#include "rdd/task_context.h"

namespace cerium {
namespace {

struct Added {
  std::mutex mutex;
  std::map<std::string, protocol::AddedFile> files;  // guarded by mutex; by name
};
Added& added() {
  static auto* all = new Added();
  return *all;
}

}  // namespace

std::string readableFile(const std::string& path) {
  char absolute[PATH_MAX];
  if (::realpath(path.c_str(), absolute) == nullptr || ::access(absolute, R_OK) != 0) {
    throw IoError("addFile: cannot read " + path + ": " + std::strerror(errno));
  }
  return absolute;
}

void addFileForTasks(const std::string& absolute_path, BroadcastId contents) {
  const std::string name = absolute_path.substr(absolute_path.rfind('/') + 1);
  std::lock_guard lock(added().mutex);
  const auto [known, is_new] = added().files.try_emplace(name);
  if (!is_new && known->second.path != absolute_path) {
    throw InvalidArgument("addFile: " + known->second.path + " and " + absolute_path +
                          " have one name, by which tasks ask for a file; rename one");
  }
  known->second = {name, absolute_path, contents.value};
}

void removeAddedFiles() {
  std::lock_guard lock(added().mutex);
  added().files.clear();
}

protocol::AddedFiles addedFiles() {
  std::lock_guard lock(added().mutex);
  protocol::AddedFiles all;
  for (const auto& [name, file] : added().files) all.files.push_back(file);
  return all;
}

std::string pathOfAddedFile(const std::string& name) {
  std::lock_guard lock(added().mutex);
  auto found = added().files.find(name);
  if (found == added().files.end())
    throw InvalidArgument("File::get: no file " + name + " was added; call Context::addFile first");
  return found->second.path;
}

std::string File::get(const std::string& name) {
  TaskContext* task = TaskContext::get();
  return task != nullptr ? task->services().addedFile(name) : pathOfAddedFile(name);
}

}  // namespace cerium
