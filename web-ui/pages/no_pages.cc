// Cerium. Licensed under the Apache License 2.0.
// Takes the place of the bundled pages in a build without them.
#include "web-ui/pages/web_pages.h"

namespace cerium::http {

std::span<const StaticFile> webPages() { return {}; }

}  // namespace cerium::http
