// Cerium. Licensed under the Apache License 2.0.
#include "base/config/config.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/config/config_keys.h"
#include "base/config/config_sources.h"
#include "base/config/config_values.h"
#include "base/util/error.h"

namespace cerium {
namespace {

constexpr const char* kCode = "code";

/// The key, if a getter for `type` may read it; a double may be read from an integer key.
const ConfigKey& keyOf(std::string_view name, ConfigType type) {
  const ConfigKey& key = findConfigKey(name);
  const bool widened = type == ConfigType::kDouble && key.type == ConfigType::kInt;
  if (key.type != type && !widened) {
    throw InvalidArgument(fmt::format("{} is read as the wrong type; its default is \"{}\"", name, key.default_value));
  }
  return key;
}

}  // namespace

Conf::Conf(bool load_defaults) {
  if (!load_defaults) return;
  for (ConfSetting& setting : readConfigSources()) {
    try {
      put(setting.key, setting.value, setting.origin);
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(setting.origin + ": " + error.what());
    }
  }
}

Conf& Conf::set(std::string_view key, std::string_view value) {
  put(key, value, kCode);
  return *this;
}

Conf& Conf::set(std::string_view key, double value) { return set(key, fmt::to_string(value)); }

void Conf::put(std::string_view key, std::string_view value, std::string origin) {
  ConfSetting setting{std::string(key), checkedConfigValue(findConfigKey(key), value), std::move(origin)};
  const auto place = std::lower_bound(settings_.begin(), settings_.end(), key,
                                      [](const ConfSetting& s, std::string_view wanted) { return s.key < wanted; });
  if (place != settings_.end() && place->key == key) {
    *place = std::move(setting);
  } else {
    settings_.insert(place, std::move(setting));
  }
}

const ConfSetting* Conf::find(std::string_view key) const {
  (void)findConfigKey(key);  // a misspelt key throws; it must not read as "not set"
  const auto found =
      std::find_if(settings_.begin(), settings_.end(), [&](const ConfSetting& s) { return s.key == key; });
  return found == settings_.end() ? nullptr : &*found;
}

std::string Conf::get(std::string_view key) const {
  if (const ConfSetting* setting = find(key)) return setting->value;
  throw InvalidArgument(
      fmt::format("{} is not set; call Conf::set, pass --conf {}=... or set {}", key, key, environmentName(key)));
}

std::string Conf::get(std::string_view key, std::string_view otherwise) const {
  const ConfSetting* setting = find(key);
  return setting == nullptr ? std::string(otherwise) : setting->value;
}

std::optional<std::string> Conf::getOption(std::string_view key) const {
  const ConfSetting* setting = find(key);
  return setting == nullptr ? std::nullopt : std::optional(setting->value);
}

bool Conf::contains(std::string_view key) const { return find(key) != nullptr; }

std::vector<std::pair<std::string, std::string>> Conf::getAll() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const ConfSetting& setting : settings_) all.emplace_back(setting.key, setting.value);
  return all;
}

std::string Conf::origin(std::string_view key) const {
  const ConfSetting* setting = find(key);
  return setting == nullptr ? "default" : setting->origin;
}

std::string Conf::getString(std::string_view key) const { return get(key, findConfigKey(key).default_value); }

// Values are checked when they are set, and defaults by a test, so parsing cannot fail here.
int64_t Conf::getInt(std::string_view key) const {
  (void)keyOf(key, ConfigType::kInt);
  return parseInt(getString(key)).value();
}

bool Conf::getBool(std::string_view key) const {
  (void)keyOf(key, ConfigType::kBool);
  return parseBool(getString(key)).value();
}

double Conf::getDouble(std::string_view key) const {
  (void)keyOf(key, ConfigType::kDouble);
  return parseDouble(getString(key)).value();
}

int64_t Conf::getSize(std::string_view key) const {
  return parseSize(getString(key), keyOf(key, ConfigType::kSize).unit).value();
}

Milliseconds Conf::getDuration(std::string_view key) const {
  return {parseDurationMs(getString(key), keyOf(key, ConfigType::kDuration).unit).value()};
}

}  // namespace cerium
