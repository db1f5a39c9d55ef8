// Cerium. Licensed under the Apache License 2.0.
// Files that the driver adds for its tasks (Context::addFile). Executors of this machine read them where they are.
#pragma once

#include <map>
#include <string>

namespace cerium {

/// Makes a file known by its name. Throws IoError where it cannot be read.
void addFileForTasks(const std::string& path);
void removeAddedFiles();
/// The driver's files, by name; an executor's are set from them.
[[nodiscard]] std::map<std::string, std::string> addedFiles();
/// Throws InvalidArgument for a name that was not added.
[[nodiscard]] std::string pathOfAddedFile(const std::string& name);
void setAddedFiles(std::map<std::string, std::string> files);

}  // namespace cerium
