// Cerium. Licensed under the Apache License 2.0.
#pragma once

#include <string>
#include <string_view>

namespace cerium {

/// "app-20260131-120501-7f3a09c4d1e65b28": `prefix`, local time, 64 random bits. Readable, sortable, and unique without
/// anybody's help: not even process ids tell containers apart. Throws IoError where there are no random numbers.
[[nodiscard]] std::string newId(std::string_view prefix);

/// Whether an id that others send may be the name of a folder: letters, digits, '-', '_' and '.', these not first; at
/// most 128.
[[nodiscard]] bool isSafeId(std::string_view id);

}  // namespace cerium
