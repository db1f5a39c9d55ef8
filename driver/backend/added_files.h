// Cerium. Licensed under the Apache License 2.0.
// Files that the driver adds for its tasks (Context::addFile). Executors of this machine read them where they are,
// others fetch them as broadcasts.
#pragma once

#include <string>
#include <vector>

#include "base/protocol/messages.h"
#include "base/util/ids.h"

namespace cerium {

/// The absolute path of a file that can be read. Throws IoError.
[[nodiscard]] std::string readableFile(const std::string& path);
/// Makes a file known to the tasks of a Context by its name. Throws InvalidArgument where another one is known by that.
void addFileForTasks(const std::string& absolute_path, BroadcastId contents, ContextId context);
void removeAddedFiles(ContextId context);
[[nodiscard]] protocol::AddedFiles addedFiles(ContextId context);
/// Throws InvalidArgument for a name that was not added.
[[nodiscard]] std::string pathOfAddedFile(const std::string& name, ContextId context);
/// For code of the driver's own, outside tasks. Throws InvalidArgument for a name that no running Context has, and for
/// one that names different files in two of them.
[[nodiscard]] std::string pathInDriver(const std::string& name);

}  // namespace cerium
