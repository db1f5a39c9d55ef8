// Cerium. Licensed under the Apache License 2.0.
#include "driver/app/web_ui.h"

#include <fmt/format.h>

#include "base/util/error.h"
#include "base/util/log.h"
#include "base/util/user_folders.h"
#include "web-ui/api/applications.h"
#include "web-ui/api/cerium_api.h"
#include "web-ui/api/spark_api.h"
#include "web-ui/pages/web_pages.h"

namespace cerium {
namespace {

constexpr auto kBetweenFlushes = std::chrono::seconds(1);
constexpr int kPorts = 17;  // as many as Spark tries
constexpr uint64_t kBytesPerTask = 320;

/// The one application of this process.
class LiveApplication final : public api::Applications {
 public:
  LiveApplication(std::shared_ptr<const store::AppStore> store, std::filesystem::path log, std::string executor_logs)
      : store_(std::move(store)), log_(std::move(log)), executor_logs_(std::move(executor_logs)) {}
  std::vector<api::Listed> list() override {
    return store_->with([](const store::Application& app) {
      api::Listed listed;
      listed.id = app.id;
      listed.name = app.name;
      listed.user = app.user;
      listed.version = app.version;
      listed.cerium = app.cerium;
      listed.started = app.started;
      listed.ended = app.ended;
      listed.last_updated = api::now();
      return std::vector{listed};
    });
  }
  api::Shown open(const std::string& id) override {
    const std::string own = store_->with([](const store::Application& app) { return app.id; });
    if (id != own) throw http::Refusal{404, "unknown app: " + id};
    return {.store = store_,
            .completed = false,
            .last_updated = 0,
            .notes = {},
            .log = {},
            .executor_logs = executor_logs_};
  }

 private:
  const std::shared_ptr<const store::AppStore> store_;
  const std::filesystem::path log_;
  const std::string executor_logs_;
};

store::AppStore::Options storeOptions(const Conf& conf) {
  store::AppStore::Options options;
  options.max_tasks = static_cast<size_t>(conf.getSize("cerium.ui.store.maxBytes")) / kBytesPerTask;
  options.max_jobs = static_cast<size_t>(conf.getInt("cerium.ui.retainedJobs"));
  options.max_stages = static_cast<size_t>(conf.getInt("cerium.ui.retainedStages"));
  return options;
}

}  // namespace

std::shared_ptr<WebUi> WebUi::start(const Conf& conf, const std::string& application_id, const std::string& version,
                                    const std::string& executor_logs) {
  if (!conf.getBool("cerium.ui.enabled") && !conf.getBool("cerium.eventLog.enabled")) return nullptr;
  return std::make_shared<WebUi>(conf, application_id, version, executor_logs);
}

WebUi::WebUi(const Conf& conf, const std::string& application_id, const std::string& version,
             const std::string& executor_logs)
    : store_(std::make_shared<store::AppStore>(storeOptions(conf))) {
  if (conf.getBool("cerium.eventLog.enabled")) openLog(conf, application_id);
  if (conf.getBool("cerium.ui.enabled")) serve(conf, version, executor_logs);
}

void WebUi::openLog(const Conf& conf, const std::string& application_id) {
  const std::string folder = conf.getString("cerium.eventLog.dir");
  try {
    log_ = std::make_unique<eventlog::LogWriter>(eventlog::LogWriter::Options{
        .folder = folder.empty() ? stateFolder() + "/events" : folder,
        .application = application_id,
        .max_file_bytes = static_cast<uint64_t>(conf.getSize("cerium.eventLog.rolling.maxFileSize"))});
  } catch (const IoError& error) {
    giveUpLog(error);
  }
}

void WebUi::serve(const Conf& conf, const std::string& version, const std::string& executor_logs) {
  http::Router router;
  const auto application = std::make_shared<LiveApplication>(store_, log_ ? log_->path() : "", executor_logs);
  api::addSparkApi(router, application);
  api::addCeriumApi(router, application, {.pages = "driver", .version = version});
  http::addStaticFiles(router, http::webPages());
  http::Server::Options options;
  options.port = static_cast<uint16_t>(conf.getInt("cerium.ui.port"));
  options.tries = kPorts;
  options.setting = "cerium.ui.port";
  try {
    server_ = std::make_unique<http::Server>(options, std::move(router));
    url_ = fmt::format("http://{}:{}", options.host, server_->port());
    log::info("the web pages of this application are at {}", url_);
  } catch (const IoError& error) {
    log::warn("there are no web pages of this application: {}", error.what());
  }
}

void WebUi::read(const events::Event& event) {
  translator_.translate(event, [this](const eventlog::LogEvent& said) {
    store_->read(said);
    if (log_) write(said);
  });
}

void WebUi::write(const eventlog::LogEvent& event) {
  try {
    log_->write(event);
    const auto now = std::chrono::steady_clock::now();
    const bool is_end = std::holds_alternative<eventlog::JobEnd>(event);
    if (!is_end && now - flushed_ < kBetweenFlushes) return;
    flushed_ = now;
    log_->flush();
  } catch (const IoError& error) {
    giveUpLog(error);
  }
}

void WebUi::giveUpLog(const std::exception& error) {
  log::warn("the event log of this application ends here: {}; cerium.eventLog.dir names another folder", error.what());
  log_.reset();
}

}  // namespace cerium
