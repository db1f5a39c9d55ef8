// Cerium. Licensed under the Apache License 2.0.
#include "driver/app/web_ui.h"

#include "base/config/config_values.h"
#include "base/util/error.h"
#include "base/util/log.h"
#include "base/util/user_folders.h"
#include "web-ui/api/applications.h"
#include "web-ui/api/cerium_api.h"
#include "web-ui/api/metrics.h"
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
  LiveApplication(std::shared_ptr<const store::AppStore> store, std::filesystem::path log, WebUi::Options options)
      : store_(std::move(store)), log_(std::move(log)), options_(std::move(options)) {}
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
            .log = log_,
            .executor_logs = options_.executor_logs};
  }

  void cancelJob(const std::string&, int64_t job, const std::string& reason) override {
    options_.cancel_job(job, reason);
  }

 private:
  const std::shared_ptr<const store::AppStore> store_;
  const std::filesystem::path log_;
  const WebUi::Options options_;
};

store::AppStore::Options storeOptions(const Conf& conf) {
  store::AppStore::Options options;
  options.max_tasks = static_cast<size_t>(conf.getSize("cerium.ui.store.maxBytes")) / kBytesPerTask;
  options.max_jobs = static_cast<size_t>(conf.getInt("cerium.ui.retainedJobs"));
  options.max_stages = static_cast<size_t>(conf.getInt("cerium.ui.retainedStages"));
  return options;
}

}  // namespace

std::shared_ptr<WebUi> WebUi::start(const Conf& conf, const Options& options) {
  if (!conf.getBool("cerium.ui.enabled") && !conf.getBool("cerium.eventLog.enabled")) return nullptr;
  return std::make_shared<WebUi>(conf, options);
}

WebUi::WebUi(const Conf& conf, const Options& options) : store_(std::make_shared<store::AppStore>(storeOptions(conf))) {
  if (conf.getBool("cerium.eventLog.enabled")) openLog(conf, options.application_id);
  if (conf.getBool("cerium.ui.enabled")) serve(conf, options);
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

void WebUi::serve(const Conf& conf, const Options& options) {
  http::Router router;
  const auto application = std::make_shared<LiveApplication>(store_, log_ ? log_->path() : "", options);
  api::addSparkApi(router, application);
  api::addCeriumApi(router, application);
  api::addMetrics(router, application);
  http::WebPort::Options port{.server = {.host = conf.getString("cerium.ui.host"),
                                         .port = static_cast<uint16_t>(conf.getInt("cerium.ui.port")),
                                         .tries = kPorts,
                                         .setting = "cerium.ui.port"},
                              .pages = "driver",
                              .version = options.version,
                              .application = [id = options.application_id] { return id; },
                              .can_change = true,
                              .allowed_hosts = parseList(conf.getString("cerium.ui.allowedHosts")),
                              .files = http::webPages()};
  try {
    port_ = std::make_unique<http::WebPort>(port, std::move(router));
    url_ = port_->url();
    log::info("the web pages of this application are at {}", port_->link());
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
