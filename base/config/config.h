// Cerium. Licensed under the Apache License 2.0.
// The settings of an application. Public API.
//
//   Conf conf;
//   conf.setAppName("word count").setMaster("local[4]").set("cerium.executor.memory", "2g");
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cerium {

/// A duration setting. Make a `std::chrono::milliseconds(d.count())` of it; this header does not include `chrono`,
/// which is slow to compile.
struct Milliseconds {
  int64_t value = 0;
  [[nodiscard]] constexpr int64_t count() const { return value; }
  friend constexpr auto operator<=>(const Milliseconds&, const Milliseconds&) = default;
};

/// One setting and the origin of its value: "code", "submit flags", "environment variable CERIUM_MASTER" or
/// "/etc/cerium/cerium-defaults.conf:12".
struct ConfSetting {
  std::string key;
  std::string value;
  std::string origin;
};

/// The settings of an application, by key. Keys that begin with "cerium." are Cerium's (config_keys.cc); an unknown
/// one, or a value that a key does not allow, throws InvalidArgument at the call that names it. Other keys belong to
/// the program.
/// The first of these sources that has a key gives its value: the program, the flags of `cerium submit`, the
/// environment (CERIUM_EXECUTOR_MEMORY for cerium.executor.memory), cerium-defaults.conf (in $CERIUM_CONF_DIR, else in
/// $CERIUM_HOME/conf), the key's default. Threads: as a std::vector.
class Conf {
 public:
  /// Reads submit flags, environment and file; starts empty if `load_defaults` is false. Throws InvalidArgument that
  /// names the variable or the line of the file, and IoError if the file cannot be read.
  explicit Conf(bool load_defaults = true);

  Conf& set(std::string_view key, std::string_view value);
  Conf& set(std::string_view key, const char* value) { return set(key, std::string_view(value)); }
  Conf& set(std::string_view key, const std::string& value) { return set(key, std::string_view(value)); }
  Conf& set(std::string_view key, std::same_as<bool> auto value) { return set(key, value ? "true" : "false"); }
  Conf& set(std::string_view key, double value);
  template <std::integral N>
    requires(!std::is_same_v<N, bool>)
  Conf& set(std::string_view key, N value) { return set(key, std::to_string(value)); }
  Conf& setMaster(std::string_view master) { return set("cerium.master", master); }
  Conf& setAppName(std::string_view name) { return set("cerium.app.name", name); }

  /// The value that a source has set. Throws InvalidArgument if no source has set it; a key's default does not count.
  [[nodiscard]] std::string get(std::string_view key) const;
  [[nodiscard]] std::string get(std::string_view key, std::string_view otherwise) const;
  [[nodiscard]] std::optional<std::string> getOption(std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const;
  /// All keys that are set and their values, sorted by key.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> getAll() const;
  /// All settings with their origins, sorted by key.
  [[nodiscard]] const std::vector<ConfSetting>& settings() const { return settings_; }
  /// The origin of the value, as in ConfSetting, or "default".
  [[nodiscard]] std::string origin(std::string_view key) const;

  /// Typed getters: the value, or the key's default. Throw InvalidArgument if the key has another type, or has neither
  /// value nor default.
  // For a key of any type; empty if there is no value.
  [[nodiscard]] std::string getString(std::string_view key) const;
  [[nodiscard]] int64_t getInt(std::string_view key) const;
  [[nodiscard]] bool getBool(std::string_view key) const;
  [[nodiscard]] double getDouble(std::string_view key) const;
  [[nodiscard]] int64_t getSize(std::string_view key) const;  ///< Bytes.
  [[nodiscard]] Milliseconds getDuration(std::string_view key) const;

 private:
  void put(std::string_view key, std::string_view value, std::string origin);
  [[nodiscard]] const ConfSetting* find(std::string_view key) const;

  std::vector<ConfSetting> settings_;  ///< Sorted by key.
};

}  // namespace cerium
