// Cerium. Licensed under the Apache License 2.0.
// What the diagnosis says: one sentence with its figures, where the evidence is, and what to change.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cerium::diagnosis {

struct Figure {
  std::string name;
  double value = 0;
  std::string unit;  ///< "ms", "bytes", "count", "ratio" or "cores".
};
/// A place in the pages. Ids that do not matter are -1 or empty.
struct Evidence {
  std::string text;
  std::string to;  ///< "job", "stage", "task", "executor", "rdd", "failures" or "taskstream".
  int64_t job = -1;
  int64_t stage = -1;
  int attempt = -1;
  int64_t task = -1;
  std::string executor = {};
  int64_t rdd = -1;
};
struct Advice {
  std::string text;
  std::string key = {};  ///< A setting to change, and its value; empty if it is none.
  std::string value = {};
};
enum class Severity { kHigh, kMedium, kLow };

struct Finding {
  std::string rule;  ///< Its name in docs/diagnosis.md.
  Severity severity = Severity::kMedium;
  std::string sentence;
  std::vector<Figure> figures;
  std::vector<Evidence> evidence;
  std::vector<Advice> advice;
  int64_t cost_ms = 0;  ///< About how much shorter the job would be.
  int64_t job = -1;
  int64_t stage = -1;
  int attempt = -1;
};

}  // namespace cerium::diagnosis
