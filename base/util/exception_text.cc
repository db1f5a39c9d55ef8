// Cerium. Licensed under the Apache License 2.0.
#include "base/util/exception_text.h"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <typeinfo>

namespace cerium {
namespace {

constexpr size_t kMaxText = 64 * 1024;
constexpr int kMaxNested = 100;  // a program may nest exceptions without end

std::string orEmpty(const char* text) { return text == nullptr ? "" : boundedText(text); }

/// The text of the exception being handled, without the exceptions nested in it.
ExceptionText outermost() {
  try {
    throw;
  } catch (const ThrownElsewhere& e) {
    return e.text();
  } catch (const std::exception& e) {
    return {demangled(typeid(e).name()), orEmpty(e.what())};
  } catch (const std::string& text) {
    return {"std::string", boundedText(text)};
  } catch (const char* text) {
    return {"const char*", orEmpty(text)};
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return {type == nullptr ? "" : demangled(type->name()), "an object that is not a std::exception was thrown"};
  }
}

/// The exception nested in the one being handled, or null.
std::exception_ptr nestedInCurrent() {
  try {
    throw;
  } catch (const std::nested_exception& e) {
    return e.nested_ptr();
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

std::string demangled(const char* name) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
  return status == 0 ? text.get() : name;
}

std::string boundedText(std::string_view text) {
  std::string bounded(text.substr(0, kMaxText));
  if (text.size() > kMaxText) bounded += "... (" + std::to_string(text.size()) + " bytes in all)";
  return bounded;
}

ExceptionText currentExceptionText() {
  ExceptionText all = outermost();
  std::exception_ptr nested = nestedInCurrent();
  for (int depth = 0; nested != nullptr && depth < kMaxNested && all.message.size() < kMaxText; ++depth) {
    try {
      std::rethrow_exception(nested);
    } catch (...) {
      all.message = boundedText(all.message + "\n  nested: " + outermost().str());
      nested = nestedInCurrent();
    }
  }
  return all;
}

}  // namespace cerium
