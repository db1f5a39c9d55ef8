// Cerium. Licensed under the Apache License 2.0.
#pragma once

#include <span>

#include "web-ui/http/static_files.h"

namespace cerium::http {

/// The files of the web pages; none in a program that was built without them (CERIUM_WEB_UI).
[[nodiscard]] std::span<const StaticFile> webPages();

}  // namespace cerium::http
