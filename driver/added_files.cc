// Cerium. Licensed under the Apache License 2.0.
#include "driver/added_files.h"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "driver/context.h"
#include "rdd/task_context.h"

namespace cerium {
namespace {

struct Added {
  std::mutex mutex;
  std::map<std::string, std::string> files;
};
Added& added() {
  static auto* all = new Added();
  return *all;
}

}  // namespace

void addFileForTasks(const std::string& path) {
  char absolute[PATH_MAX];
  if (::realpath(path.c_str(), absolute) == nullptr || ::access(absolute, R_OK) != 0) {
    throw IoError("addFile: cannot read " + path + ": " + std::strerror(errno));
  }
  std::lock_guard lock(added().mutex);
  added().files[path.substr(path.rfind('/') + 1)] = absolute;
}

void removeAddedFiles() { setAddedFiles({}); }

std::map<std::string, std::string> addedFiles() {
  std::lock_guard lock(added().mutex);
  return added().files;
}

void setAddedFiles(std::map<std::string, std::string> files) {
  std::lock_guard lock(added().mutex);
  added().files = std::move(files);
}

std::string pathOfAddedFile(const std::string& name) {
  auto files = addedFiles();
  auto found = files.find(name);
  if (found == files.end())
    throw InvalidArgument("File::get: no file " + name + " was added; call Context::addFile first");
  return found->second;
}

std::string File::get(const std::string& name) {
  TaskContext* task = TaskContext::get();
  return task != nullptr ? task->services().addedFile(name) : pathOfAddedFile(name);
}

}  // namespace cerium
