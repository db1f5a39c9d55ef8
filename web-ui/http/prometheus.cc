// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/http/prometheus.h"

#include <fmt/format.h>

namespace cerium::http {

void Metrics::begin(const std::string& name, const char* type, const std::string& help) {
  text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

void Metrics::add(const std::string& name, const char* type, const std::string& help, double value) {
  begin(name, type, help);
  text_ += fmt::format("{} {}\n", name, value);
}

void Metrics::states(const std::string& name, const std::string& help,
                     std::initializer_list<std::pair<const char*, int64_t>> values) {
  begin(name, "gauge", help);
  for (const auto& [state, value] : values) text_ += fmt::format("{}{{state=\"{}\"}} {}\n", name, state, value);
}

}  // namespace cerium::http
