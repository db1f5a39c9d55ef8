// Cerium. Licensed under the Apache License 2.0.
// The driver's web pages and its event log: the reader of events that keeps what the pages show and writes the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/config/config.h"
#include "driver/events/event_queue.h"
#include "web-ui/eventlog/log_writer.h"
#include "web-ui/eventlog/translator.h"
#include "web-ui/http/web_port.h"
#include "web-ui/store/app_store.h"

namespace cerium {

/// A port that is taken, or a folder that cannot be written, costs the pages or the log, never the application: the log
/// of the program says so. Threads: read() on the queue's thread; the rest from any.
class WebUi final : public EventReader {
 public:
  struct Options {
    std::string application_id;
    std::string version;
    std::string executor_logs;  ///< The folder with the executors' log files; empty if they lie elsewhere.
    std::function<void(int64_t job, const std::string& reason)> cancel_job;
  };
  /// Null if the settings want neither pages nor a log.
  [[nodiscard]] static std::shared_ptr<WebUi> start(const Conf& conf, const Options& options);
  WebUi(const Conf& conf, const Options& options);

  void read(const events::Event& event) override;

  /// "http://127.0.0.1:4040"; empty if there are no pages.
  [[nodiscard]] const std::string& url() const { return url_; }
  /// Ends the pages: no job is cancelled by them any more.
  void close() { port_.reset(); }

 private:
  void openLog(const Conf& conf, const std::string& application_id);
  void serve(const Conf& conf, const Options& options);
  void write(const eventlog::LogEvent& event);
  void giveUpLog(const std::exception& error);

  eventlog::Translator translator_;
  const std::shared_ptr<store::AppStore> store_;
  std::unique_ptr<eventlog::LogWriter> log_;
  std::chrono::steady_clock::time_point flushed_;
  std::unique_ptr<http::WebPort> port_;
  std::string url_;
};

}  // namespace cerium
