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

/// A duration setting; `std::chrono::milliseconds(d.count())` where one is needed (<chrono> is slow to compile).
struct Milliseconds {
  int64_t value = 0;
  [[nodiscard]] constexpr int64_t count() const { return value; }
  friend constexpr auto operator<=>(const Milliseconds&, const Milliseconds&) = default;
};

/// One setting, and where its value comes from: "code", "submit flags", "environment variable CERIUM_MASTER",
/// "/etc/cerium/cerium-defaults.conf:12".
struct ConfSetting {
  std::string key;
  std::string value;
  std::string origin;
};

/// Settings by key. Keys that begin with "cerium." are those of config_keys.cc; any other of that kind, and a value
/// that the key does not allow, is InvalidArgument at the call that names it. Other keys are the program's own. A value
/// is, from the strongest: set by the program, given to `cerium submit`, in the environment (CERIUM_EXECUTOR_MEMORY for
/// cerium.executor.memory), in cerium-defaults.conf (of $CERIUM_CONF_DIR, else of $CERIUM_HOME/conf), or the key's
/// default. Threads: as a std::vector.
class Conf {
 public:
  /// Reads submit flags, environment and file, or starts empty where `load_defaults` is false.
  /// Throws InvalidArgument naming the variable or the line of the file, IoError for a file that cannot be read.
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

  /// The value that was set anywhere. Throws InvalidArgument where none was; defaults do not count.
  [[nodiscard]] std::string get(std::string_view key) const;
  [[nodiscard]] std::string get(std::string_view key, std::string_view otherwise) const;
  [[nodiscard]] std::optional<std::string> getOption(std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const;
  /// All that were set, sorted by key.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> getAll() const;
  /// The same with where each comes from.
  [[nodiscard]] const std::vector<ConfSetting>& settings() const { return settings_; }
  /// Where the value comes from, as in ConfSetting, or "default".
  [[nodiscard]] std::string origin(std::string_view key) const;

  /// The value, or the key's default. Throw InvalidArgument where the key is of another type, or has neither.
  [[nodiscard]] std::string getString(std::string_view key) const;  ///< Of any type; empty where there is neither.
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
