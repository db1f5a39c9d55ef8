// Cerium. Licensed under the Apache License 2.0.
// The text of an exception that the program's code threw, and the guard around every call of the program's code on a
// thread of the engine.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/util/error.h"

namespace cerium {

/// "std::out_of_range" for "St12out_of_range"; `name` itself if it is not a mangled name.
[[nodiscard]] std::string demangled(const char* name);

/// The type and the message of an exception.
struct ExceptionText {
  std::string type;
  std::string message;

  /// "std::out_of_range: no such element", or only the message if the type is unknown.
  [[nodiscard]] std::string str() const { return type.empty() ? message : type + ": " + message; }
};

/// The text of the exception being handled. The exception may have any type, and its what() may be null. The texts of
/// exceptions nested in it (std::throw_with_nested) follow. At most 64 KiB. Call it in a catch block.
[[nodiscard]] ExceptionText currentExceptionText();

/// The first 64 KiB of `text`; a longer text is followed by its length.
[[nodiscard]] std::string boundedText(std::string_view text);

/// An exception of the program, thrown again in another place than the original: in another process, or in a task that
/// needs a value that could not be made. currentExceptionText() gives the original type.
class ThrownElsewhere : public Error {
 public:
  explicit ThrownElsewhere(ExceptionText text) : Error(text.str()), text_(std::move(text)) {}
  [[nodiscard]] const ExceptionText& text() const { return text_; }

 private:
  ExceptionText text_;
};

/// Runs `f`, which calls the program's code. Catches everything, so that the program's exception does not end the
/// engine's thread and the process. Returns the text of the exception, or nothing.
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
