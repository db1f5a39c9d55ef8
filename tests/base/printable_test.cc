// Cerium. Licensed under the Apache License 2.0.
// Text from elsewhere, as people and programs see it.
#include "base/util/printable.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "base/util/log.h"
#include "tests/support/temp_folder.h"

namespace cerium {

TEST_CASE("text that is fit for a terminal stays as it is", "[printable]") {
  const std::string text = GENERATE(as<std::string>(), "", "a b\\c~", "two\nlines\tand a tab", "\u00a0\u07ff",
                                    "\u0800 \ud7fb \ue000 \uffff \u20ac", "\U00010000 \U0010ffff \U0001f600");
  CHECK(printable(text) == text);
}

TEST_CASE("control characters are written out", "[printable]") {
  CHECK(printable("\x1b[31mred\r\n\x7f\b") == "\\x1B[31mred\\x0D\n\\x7F\\x08");
  CHECK(printable(std::string("a\0b", 3)) == "a\\x00b");
  CHECK(printable("\u009b31m\u0080") == "\\xC2\\x9B31m\\xC2\\x80");  // the two-byte form of ESC [
}

TEST_CASE("bytes that are not UTF-8 are written out, one by one", "[printable]") {
  const auto [bytes, shown] = GENERATE(table<std::string, std::string>({
      {"\xff", "\\xFF"},
      {"\x80 a", "\\x80 a"},
      {"\xc3", "\\xC3"},                                             // truncated
      {"\xe2\x82", "\\xE2\\x82"},                                    // truncated
      {"\xe2\x82z", "\\xE2\\x82z"},                                  // the next character interrupts it
      {"\xc0\xaf", "\\xC0\\xAF"},                                    // "/" in one byte too many
      {"\xe0\x80\xaf", "\\xE0\\x80\\xAF"},                           // "/" in two bytes too many
      {"\xf0\x80\x80\xaf", "\\xF0\\x80\\x80\\xAF"},                  // "/" in three bytes too many
      {"\xed\xa0\x80", "\\xED\\xA0\\x80"},                           // half of a surrogate pair
      {"\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"},                  // beyond the last character
      {"\xf5\x80\x80\x80\xc3\xa9", "\\xF5\\x80\\x80\\x80\xc3\xa9"},  // with a valid character behind it
  }));
  CHECK(printable(bytes) == shown);
  CHECK(printable(shown) == shown);
}

TEST_CASE("no text forges a line of the log", "[printable][log]") {
  const testing::TempFolder folder;
  const std::string path = folder.write("log", "");
  const int standard_error = ::dup(STDERR_FILENO);
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  ::dup2(file, STDERR_FILENO);
  log::write(log::Level::kInfo, "it ended with:\n12:00:00.000 INFO manager: all is well\x1b[2J\n");
  ::dup2(standard_error, STDERR_FILENO);
  ::close(standard_error);
  ::close(file);
  CHECK_THAT(testing::contentsOf(path),
             Catch::EndsWith("it ended with:\n    12:00:00.000 INFO manager: all is well\\x1B[2J\n"));
}

}  // namespace cerium
