// Cerium. Licensed under the Apache License 2.0.
#include "base/util/exception_text.h"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>

namespace cerium {

std::string demangled(const char* name) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
  return status == 0 ? text.get() : name;
}

ExceptionText currentExceptionText() {
  try {
    throw;
  } catch (const std::exception& e) {
    return {demangled(typeid(e).name()), e.what()};
  } catch (const std::string& text) {
    return {"std::string", text};
  } catch (const char* text) {
    return {"const char*", text == nullptr ? "" : text};
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return {type == nullptr ? "" : demangled(type->name()), "an object that is no std::exception was thrown"};
  }
}

}  // namespace cerium
