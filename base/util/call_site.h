// Cerium. Licensed under the Apache License 2.0.
// The place in the user's program where an operation was called. Every error about a job names it.
#pragma once

#include <cstdint>
#include <source_location>
#include <string>

namespace cerium {

/// An operation of the API and the place of its call. The texts must live as long as the process.
struct CallSite {
  const char* operation = "";  ///< "map", "reduceByKey".
  const char* file = "";
  uint32_t line = 0;

  CallSite() = default;
  CallSite(const char* op, const std::source_location& where)
      : operation(op), file(where.file_name()), line(where.line()) {}
  CallSite(const char* op, const char* file_name, uint32_t line_number)
      : operation(op), file(file_name), line(line_number) {}

  /// "map at wordcount.cc:12".
  [[nodiscard]] std::string str() const {
    std::string path = file;
    return std::string(operation) + " at " + path.substr(path.rfind('/') + 1) + ":" + std::to_string(line);
  }
};

}  // namespace cerium
