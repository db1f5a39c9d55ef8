// Cerium. Licensed under the Apache License 2.0.
// Where the user's program called an operation; every error about a job names it.
#pragma once

#include <source_location>
#include <string>

namespace cerium {

/// An operation of the API and the place of its call.
struct OperationSite {
  const char* operation = "";  ///< A string literal: "map", "reduceByKey".
  std::source_location where;

  /// "map at wordcount.cc:12".
  [[nodiscard]] std::string str() const {
    std::string file = where.file_name();
    return std::string(operation) + " at " + file.substr(file.rfind('/') + 1) + ":" + std::to_string(where.line());
  }
};

}  // namespace cerium
