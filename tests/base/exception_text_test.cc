// Cerium. Licensed under the Apache License 2.0.
#include "base/util/exception_text.h"

#include <catch2/catch.hpp>
#include <exception>
#include <stdexcept>
#include <string>

namespace cerium {

using Catch::Contains;

namespace {

struct Oddity {};
struct Mute : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return nullptr; }
};

template <class Throw>
ExceptionText textOf(Throw thrower) {
  return guarded(thrower).value();
}

/// Throws an exception with `depth` exceptions nested in it.
void throwNested(int depth) {
  if (depth == 0) throw std::out_of_range("number 0");
  try {
    throwNested(depth - 1);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("number " + std::to_string(depth)));
  }
}

}  // namespace

TEST_CASE("a thrown object of any type has a type and a text", "[util]") {
  CHECK_FALSE(guarded([] {}));
  CHECK(textOf([] { throw std::out_of_range("too far"); }).str() == "std::out_of_range: too far");
  CHECK(textOf([] { throw std::string("a text"); }).str() == "std::string: a text");
  CHECK(textOf([] { throw "a literal"; }).str() == "const char*: a literal");
  CHECK(textOf([] { throw static_cast<const char*>(nullptr); }).type == "const char*");
  CHECK(textOf([] { throw 42; }).type == "int");
  CHECK_THAT(textOf([] { throw Oddity(); }).type, Contains("Oddity"));
  CHECK_THAT(textOf([] { throw Mute(); }).type, Contains("Mute"));
  CHECK(textOf([] { throw Mute(); }).message.empty());
}

TEST_CASE("nested exceptions follow one after the other", "[util]") {
  const ExceptionText text = textOf([] { throwNested(2); });
  CHECK_THAT(text.type, Contains("runtime_error"));
  const size_t outer = text.message.find("number 2");
  const size_t middle = text.message.find("number 1");
  const size_t inner = text.message.find("std::out_of_range: number 0");
  CHECK(outer < middle);
  CHECK(middle < inner);
  CHECK(inner != std::string::npos);
}

TEST_CASE("the text of an exception is bounded", "[util]") {
  const std::string large(size_t{1} << 20, 'x');
  const std::string text = textOf([&] { throw std::runtime_error(large); }).message;
  CHECK(text.size() < 66'000);
  CHECK_THAT(text, Contains("1048576 bytes in all"));
  CHECK(textOf([] { throwNested(1000); }).message.size() < 66'000);
  CHECK(textOf([&] { throw large; }).message.size() < 66'000);
}

TEST_CASE("an exception that is thrown elsewhere keeps its type", "[util]") {
  const ExceptionText text = textOf([] { throw ThrownElsewhere({"my::Type", "what it said"}); });
  CHECK(text.type == "my::Type");
  CHECK(text.message == "what it said");
}

}  // namespace cerium
