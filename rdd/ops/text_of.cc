// Cerium. Licensed under the Apache License 2.0.
#include "rdd/ops/text_of.h"

#include <charconv>
#include <cmath>

namespace cerium::ops {
namespace {

template <class T>
void append(std::string& out, T value) {
  char text[64];
  auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

/// As Spark prints it: whole numbers end in ".0".
template <class T>
void appendFloating(std::string& out, T value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "Infinity" : "-Infinity";
  } else {
    const size_t begin = out.size();
    append(out, value);
    if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
  }
}

}  // namespace

void appendNumber(std::string& out, double value) { appendFloating(out, value); }
void appendNumber(std::string& out, float value) { appendFloating(out, value); }
void appendNumber(std::string& out, int64_t value) { append(out, value); }
void appendNumber(std::string& out, uint64_t value) { append(out, value); }

}  // namespace cerium::ops
