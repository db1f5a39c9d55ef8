// Cerium. Licensed under the Apache License 2.0.
// What the web interfaces read: one running application, or those of a folder of logs.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "web-ui/api/spark_json.h"
#include "web-ui/store/app_store.h"

namespace cerium::api {

/// An application that can be shown.
struct Shown {
  std::shared_ptr<const store::AppStore> store;
  bool completed = false;
  store::Instant last_updated = 0;      ///< 0: now, as it runs.
  std::vector<std::string> notes;       ///< What is wrong with its log.
  std::filesystem::path log;            ///< Empty if there is none.
  std::filesystem::path executor_logs;  ///< The folder with the executors\' log files; empty if they are elsewhere.
};

/// One line of the list of applications, without the contents of its log.
struct Listed {
  std::string id;
  std::string name;
  std::string user;
  std::string version;
  std::string cerium;  ///< Empty for a log of Spark.
  store::Instant started = 0;
  store::Instant ended = 0;
  store::Instant last_updated = 0;
  std::optional<int> exit_code;
  int64_t jobs = 0;
  int64_t failed_jobs = 0;
  bool last_job_failed = false;
  bool completed = false;
  uint64_t log_bytes = 0;
  std::vector<std::string> notes;
};

/// Threads: called by the web server's thread only.
class Applications {
 public:
  virtual ~Applications() = default;
  /// The newest first.
  [[nodiscard]] virtual std::vector<Listed> list() = 0;
  /// Where the logs are; empty for a running application.
  [[nodiscard]] virtual std::string folder() const { return {}; }
  /// Throws http::Refusal (404) for an unknown id.
  [[nodiscard]] virtual Shown open(const std::string& id) = 0;
  /// Asks for the end of a running job of an application that open() knows. Throws http::Refusal (403) where nothing
  /// runs.
  virtual void cancelJob(const std::string& application, int64_t job, const std::string& reason);
};

/// ms since 1970.
[[nodiscard]] store::Instant now();

}  // namespace cerium::api
