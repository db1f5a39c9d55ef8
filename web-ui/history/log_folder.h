// Cerium. Licensed under the Apache License 2.0.
// The applications of a folder of event logs, finished, failed and running.
#pragma once

#include <filesystem>
#include <list>
#include <map>
#include <string>

#include "web-ui/api/applications.h"

namespace cerium::history {

/// Looks at the folder again when it is asked. An opened log stays in memory until others need the room. Threads: the
/// web server's only.
class LogFolder final : public api::Applications {
 public:
  /// Throws IoError if the folder cannot be read. `kept`: how many opened logs stay in memory.
  explicit LogFolder(std::filesystem::path folder, size_t kept = 8);
  std::vector<api::Listed> list() override;
  [[nodiscard]] std::string folder() const override { return folder_.string(); }
  api::Shown open(const std::string& id) override;

 private:
  /// What a log looked like when it was read; it is read again when this changes.
  struct Stamp {
    uint64_t bytes = 0;
    store::Instant modified = 0;
    bool in_progress = false;
    bool operator==(const Stamp&) const = default;
  };
  struct Known {
    Stamp stamp;
    api::Listed listed;
    bool is_shown = false;  ///< It names an application.
  };
  struct Opened {
    std::string id;
    Stamp stamp;
    api::Shown shown;
  };

  void scan();
  [[nodiscard]] static Stamp stampOf(const std::filesystem::path& log);
  [[nodiscard]] static Known summarise(const std::filesystem::path& log, const Stamp& stamp);

  const std::filesystem::path folder_;
  const size_t kept_;
  std::map<std::filesystem::path, Known> known_;
  std::list<Opened> opened_;  // the last used first
};

}  // namespace cerium::history
