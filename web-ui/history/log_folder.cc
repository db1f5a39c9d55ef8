// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/history/log_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/util/error.h"
#include "base/util/user_folders.h"
#include "web-ui/history/log_reader.h"
#include "web-ui/http/message.h"

namespace cerium::history {
namespace {

namespace fs = std::filesystem;

store::Instant instantOf(fs::file_time_type time) {
  const auto wall = std::chrono::file_clock::to_sys(time);
  return std::chrono::duration_cast<std::chrono::milliseconds>(wall.time_since_epoch()).count();
}

}  // namespace

LogFolder::LogFolder(fs::path folder, size_t kept) : folder_(std::move(folder)), kept_(kept) {
  std::error_code error;
  fs::directory_iterator(folder_, error);
  if (error)
    throw IoError(fmt::format("cannot read the folder of event logs {}: {}", folder_.string(), error.message()));
}

LogFolder::Stamp LogFolder::stampOf(const fs::path& log) {
  Stamp stamp;
  std::error_code error;
  for (const fs::path& file : filesOf(log)) {
    stamp.bytes += fs::file_size(file, error);
    stamp.modified = std::max(stamp.modified, instantOf(fs::last_write_time(file, error)));
  }
  stamp.in_progress = isInProgress(log);
  return stamp;
}

/// Reads the log for the events that its line in the list shows.
LogFolder::Known LogFolder::summarise(const fs::path& log, const Stamp& stamp) {
  Known known{stamp, {}, false};
  api::Listed& listed = known.listed;
  const LogSummary summary = readLog(log, [&](const eventlog::LogEvent& event) {
    if (const auto* start = std::get_if<eventlog::ApplicationStart>(&event)) {
      listed.id = start->id.empty() ? log.filename().string() : start->id;
      listed.name = start->name;
      listed.user = start->user;
      listed.started = start->at;
      known.is_shown = true;
    } else if (const auto* end = std::get_if<eventlog::ApplicationEnd>(&event)) {
      listed.ended = end->at;
      listed.exit_code = end->exit_code;
    } else if (const auto* job = std::get_if<eventlog::JobEnd>(&event)) {
      ++listed.jobs;
      listed.failed_jobs += job->succeeded ? 0 : 1;
      listed.last_job_failed = !job->succeeded;
    } else if (const auto* first = std::get_if<eventlog::LogStart>(&event)) {
      listed.version = first->version;
      listed.cerium = first->cerium;
    }
  });
  listed.last_updated = stamp.modified;
  listed.completed = !stamp.in_progress;
  listed.log_bytes = stamp.bytes;
  listed.notes = summary.notes;
  if (summary.skipped_lines > 0)
    listed.notes.push_back(fmt::format("{} of {} lines are not valid", summary.skipped_lines, summary.lines));
  return known;
}

void LogFolder::scan() {
  std::set<fs::path> seen;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (!isLog(entry.path())) continue;
    try {
      const Stamp stamp = stampOf(entry.path());
      seen.insert(entry.path());
      auto& known = known_[entry.path()];
      if (!(known.stamp == stamp)) known = summarise(entry.path(), stamp);
    } catch (const Error&) {  // it went, or holds nothing yet
      seen.erase(entry.path());
    }
  }
  std::erase_if(known_, [&](const auto& each) { return !seen.contains(each.first); });
}

std::vector<api::Listed> LogFolder::list() {
  scan();
  std::vector<api::Listed> all;
  for (const auto& [path, known] : known_) {
    if (known.is_shown) all.push_back(known.listed);
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return std::pair(a.started, a.id) > std::pair(b.started, b.id); });
  return all;
}

api::Shown LogFolder::open(const std::string& id) {
  const auto find = [&] {
    return std::find_if(known_.begin(), known_.end(),
                        [&](const auto& each) { return each.second.is_shown && each.second.listed.id == id; });
  };
  auto log = find();
  if (log == known_.end()) {
    scan();
    log = find();
    if (log == known_.end()) throw http::Refusal{404, "unknown app: " + id};
  }
  const Stamp stamp = stampOf(log->first);
  const auto opened = std::find_if(opened_.begin(), opened_.end(), [&](const Opened& one) { return one.id == id; });
  if (opened != opened_.end() && opened->stamp == stamp) {
    opened_.splice(opened_.begin(), opened_, opened);
    return opened_.front().shown;
  }
  if (opened != opened_.end()) opened_.erase(opened);
  auto store = std::make_shared<store::AppStore>();
  const LogSummary summary = readLog(log->first, [&](const eventlog::LogEvent& event) { store->read(event); });
  // Executors of a local cluster left their logs in this user's state folder.
  const fs::path executor_logs = fs::path(stateFolder()) / fs::path(id).filename();
  opened_.push_front(
      {id, stamp, {store, !stamp.in_progress, stamp.modified, summary.notes, log->first, executor_logs}});
  if (opened_.size() > kept_) opened_.pop_back();
  return opened_.front().shown;
}

}  // namespace cerium::history
