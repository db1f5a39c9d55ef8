// Cerium. Licensed under the Apache License 2.0.
#pragma once

#include <string>
#include <string_view>

namespace cerium {

/// "app-20260131-120501-7f3a09c4d1e65b28": `prefix`, local time, 64 random bits. Readable, sortable and unique without
/// coordination; process ids would not do, as containers share them. Throws IoError if the system gives no random
/// numbers.
[[nodiscard]] std::string newId(std::string_view prefix);

/// Whether an id from another process may be used as a folder name: at most 128 letters, digits, '-', '_' and '.',
/// beginning with a letter or digit.
[[nodiscard]] bool isSafeId(std::string_view id);

}  // namespace cerium
