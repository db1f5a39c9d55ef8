// Cerium. Licensed under the Apache License 2.0.
// What a program's own exception says, for a report that travels, and the guard around every call of the program's code
// from a thread of the engine's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/util/error.h"

namespace cerium {

/// "std::out_of_range", not "St12out_of_range"; the text itself where it is no mangled name.
[[nodiscard]] std::string demangled(const char* name);

struct ExceptionText {
  std::string type;
  std::string message;

  /// "std::out_of_range: no such element"; the message alone where no type is known.
  [[nodiscard]] std::string str() const { return type.empty() ? message : type + ": " + message; }
};

/// Of the exception that is being handled, which may be of any type, and whose what() may be null. Exceptions nested
/// in it (std::throw_with_nested) follow, one after the other; the whole is bounded. Call it in a catch block.
[[nodiscard]] ExceptionText currentExceptionText();

/// The first 64 KiB of a text and, where there is more, how much: it travels, and is shown.
[[nodiscard]] std::string boundedText(std::string_view text);

/// An exception of the program's, thrown again in another place than where it came from: another process, or a task
/// that needs what could not be made. currentExceptionText() gives the original type.
class ThrownElsewhere : public Error {
 public:
  explicit ThrownElsewhere(ExceptionText text) : Error(text.str()), text_(std::move(text)) {}
  [[nodiscard]] const ExceptionText& text() const { return text_; }

 private:
  ExceptionText text_;
};

/// Runs `f`, which calls code of the program's: that may throw anything, and must not take a thread of the engine's,
/// and with it the process, along. Returns what was thrown.
template <class F>
[[nodiscard]] std::optional<ExceptionText> guarded(F&& f) {
  try {
    std::forward<F>(f)();
    return std::nullopt;
  } catch (...) {
    return currentExceptionText();
  }
}

}  // namespace cerium
