// Cerium. Licensed under the Apache License 2.0.
// The fields of JSON objects, read with simdjson. A field that is missing, or of another type, gives the default: logs
// of other versions lack some.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web-ui/eventlog/log_events.h"

namespace cerium::history {

using simdjson::dom::element;

/// A JSON object, or none where the field of an object was missing: then all its own fields are missing.
class Object {
 public:
  Object() = default;
  explicit Object(simdjson::dom::object json) : json_(json) {}
  simdjson::simdjson_result<element> operator[](std::string_view key) const {
    if (!json_) return simdjson::NO_SUCH_FIELD;
    return (*json_)[key];
  }
  [[nodiscard]] std::string text() const { return json_ ? simdjson::to_string(*json_) : std::string(); }
  /// Calls `use` with each key and value.
  template <class Use>
  void each(Use&& use) const {
    if (!json_) return;
    for (const auto& [key, value] : *json_) use(key, value);
  }

 private:
  std::optional<simdjson::dom::object> json_;
};

[[nodiscard]] inline std::string text(const Object& json, std::string_view key) {
  std::string_view found;
  return json[key].get_string().get(found) == simdjson::SUCCESS ? std::string(found) : std::string();
}
/// A number beyond 2^53 counts as missing, because a damaged log may hold any number and sums must not overflow.
[[nodiscard]] inline int64_t number(const Object& json, std::string_view key, int64_t fallback = 0) {
  constexpr int64_t kMost = int64_t{1} << 53;
  int64_t found = 0;
  if (json[key].get_int64().get(found) != simdjson::SUCCESS) return fallback;
  return found >= -kMost && found <= kMost ? found : fallback;
}
[[nodiscard]] inline int small(const Object& json, std::string_view key, int fallback = 0) {
  const int64_t found = number(json, key, fallback);
  return found >= INT32_MIN && found <= INT32_MAX ? static_cast<int>(found) : fallback;
}
[[nodiscard]] inline bool flag(const Object& json, std::string_view key) {
  bool found = false;
  return json[key].get_bool().get(found) == simdjson::SUCCESS && found;
}
[[nodiscard]] inline bool has(const Object& json, std::string_view key) {
  return json[key].error() == simdjson::SUCCESS;
}
[[nodiscard]] inline Object asObject(simdjson::simdjson_result<element> value) {
  simdjson::dom::object found;
  return value.get_object().get(found) == simdjson::SUCCESS ? Object(found) : Object();
}
[[nodiscard]] inline Object child(const Object& json, std::string_view key) { return asObject(json[key]); }
template <class Use>
void eachOf(const Object& json, std::string_view key, Use&& use) {
  simdjson::dom::array found;
  if (json[key].get_array().get(found) != simdjson::SUCCESS) return;
  for (const element each : found) use(each);
}
[[nodiscard]] inline std::vector<int64_t> ids(const Object& json, std::string_view key) {
  std::vector<int64_t> all;
  eachOf(json, key, [&](element each) {
    int64_t id = 0;
    if (each.get_int64().get(id) == simdjson::SUCCESS) all.push_back(id);
  });
  return all;
}
[[nodiscard]] inline eventlog::Pairs pairs(const Object& json, std::string_view key) {
  eventlog::Pairs all;
  child(json, key).each([&](std::string_view name, element each) {
    std::string_view value;
    if (each.get_string().get(value) == simdjson::SUCCESS) all.emplace_back(name, value);
  });
  return all;
}

}  // namespace cerium::history
