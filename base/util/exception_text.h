// Cerium. Licensed under the Apache License 2.0.
// What a program's own exception says, for a report that travels.
#pragma once

#include <string>
#include <typeinfo>

namespace cerium {

/// "std::out_of_range", not "St12out_of_range"; the text itself where it is no mangled name.
[[nodiscard]] std::string demangled(const char* name);

struct ExceptionText {
  std::string type;
  std::string message;
};
/// Of the exception that is being handled, which may be of any type. Call it in a catch block.
[[nodiscard]] ExceptionText currentExceptionText();

}  // namespace cerium
