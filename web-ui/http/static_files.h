// Cerium. Licensed under the Apache License 2.0.
// The files of the web pages, which are compiled into the program.
#pragma once

#include <span>
#include <string_view>

#include "web-ui/http/router.h"

namespace cerium::http {

struct StaticFile {
  const char* path;         ///< "/app.js"; "/" for the page itself.
  const char* type;         ///< "text/javascript; charset=utf-8".
  std::string_view packed;  ///< gzip.
};

/// Adds the files, with headers that let a page load from this port alone and run no script of its own text.
void addStaticFiles(Router& router, std::span<const StaticFile> files);

/// The bytes of a gzip file. Throws CorruptData if they are not whole.
[[nodiscard]] std::string unpack(std::string_view packed);

}  // namespace cerium::http
