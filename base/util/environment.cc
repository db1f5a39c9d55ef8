// Cerium. Licensed under the Apache License 2.0.
#include "base/util/environment.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace cerium {

std::map<std::string, std::string> ownEnvironment() {
  std::map<std::string, std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const size_t name = text.find('=');
    if (name != text.npos) variables.emplace(text.substr(0, name), text.substr(name + 1));
  }
  return variables;
}

std::string takeVariable(const char* name) {
  char* value = std::getenv(name);
  if (value == nullptr) return {};
  std::string text = value;
  ::explicit_bzero(value, text.size());  // unsetenv does not erase the text in the memory that /proc shows
  ::unsetenv(name);
  return text;
}

void hideVariable(const char* name) {
  if (std::getenv(name) == nullptr) return;
  ::setenv(name, takeVariable(name).c_str(), 1);  // setenv copies the value to memory that /proc does not show
}

}  // namespace cerium
