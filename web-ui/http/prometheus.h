// Cerium. Licensed under the Apache License 2.0.
// Figures as Prometheus reads them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "web-ui/http/message.h"

namespace cerium::http {

/// The text of /metrics.
class Metrics {
 public:
  /// A figure that goes up and down. `help` is a sentence with the unit.
  void gauge(const std::string& name, const std::string& help, double value) { add(name, "gauge", help, value); }
  /// One that only grows; its name ends in _total.
  void counter(const std::string& name, const std::string& help, double value) { add(name, "counter", help, value); }
  /// A gauge with a value for each of several states: name{state="running"} 3.
  void states(const std::string& name, const std::string& help,
              std::initializer_list<std::pair<const char*, int64_t>> values);

  [[nodiscard]] Response response() const { return {text_, "text/plain; version=0.0.4; charset=utf-8"}; }

 private:
  void begin(const std::string& name, const char* type, const std::string& help);
  void add(const std::string& name, const char* type, const std::string& help, double value);

  std::string text_;
};

}  // namespace cerium::http
