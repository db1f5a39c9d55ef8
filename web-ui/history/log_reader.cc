// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/history/log_reader.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <memory>

#include "base/util/error.h"
#include "web-ui/history/log_parser.h"

namespace cerium::history {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunk = 1 << 20;
constexpr size_t kLongestLine = 256 << 20;  // a stage of a million partitions is some tens of MiB
constexpr size_t kNotes = 10;

/// "events_12_app.zstd" -> 12; compacted files come before the others.
int64_t orderOf(const fs::path& file) {
  const std::string name = file.filename().string();
  int64_t index = 0;
  if (name.size() > 7) std::from_chars(name.data() + 7, name.data() + name.size(), index);
  return name.ends_with(".compact") ? index - (int64_t{1} << 40) : index;
}

/// The bytes of a file, decompressed, chunk by chunk.
class Input {
 public:
  explicit Input(const fs::path& path) : path_(path), file_(path, std::ios::binary), raw_(kChunk) {
    if (!file_) throw IoError(fmt::format("cannot read the event log {}", path.string()));
    const std::string name = path.filename().string();
    if (name.ends_with(".lz4") || name.ends_with(".snappy") || name.ends_with(".lzf")) {
      throw IoError(
          fmt::format("the event log {} is compressed in a format that only Spark reads; write logs with "
                      "spark.eventLog.compression.codec=zstd",
                      path.string()));
    }
    if (name.find(".zstd") != std::string::npos) zstd_.reset(ZSTD_createDStream());
  }

  /// Appends to `into`; false at the end. Throws CorruptData where the file is cut or damaged.
  bool read(std::string& into) {
    if (zstd_ == nullptr) {
      if (!fill()) return false;
      into.append(raw_.data(), in_.size);
      return true;
    }
    if (in_.pos == in_.size && !fill()) {
      if (in_frame_) throw CorruptData(fmt::format("{} ends within a frame", path_.filename().string()));
      return false;
    }
    std::string out(kChunk, '\0');
    ZSTD_outBuffer buffer{out.data(), out.size(), 0};
    const size_t left = ZSTD_decompressStream(zstd_.get(), &buffer, &in_);
    into.append(out, 0, buffer.pos);
    if (ZSTD_isError(left) != 0)
      throw CorruptData(fmt::format("{}: {}", path_.filename().string(), ZSTD_getErrorName(left)));
    in_frame_ = left != 0;
    return true;
  }

 private:
  bool fill() {
    file_.read(raw_.data(), static_cast<std::streamsize>(raw_.size()));
    in_ = {raw_.data(), static_cast<size_t>(file_.gcount()), 0};
    return in_.size > 0;
  }

  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  const fs::path path_;
  std::ifstream file_;
  std::vector<char> raw_;
  ZSTD_inBuffer in_{};
  std::unique_ptr<ZSTD_DStream, Free> zstd_;
  bool in_frame_ = false;
};

class Reading {
 public:
  explicit Reading(const std::function<void(eventlog::LogEvent)>& sink) : sink_(sink) {}

  /// False: stop.
  bool file(const fs::path& path) {
    std::string text;
    try {
      Input input(path);
      while (input.read(text)) {
        if (!lines(text)) return false;
      }
    } catch (const Error& wrong) {
      lines(text);
      note(fmt::format("{}; what comes before is shown", wrong.what()));
    }
    if (!text.empty()) line(text);
    return true;
  }
  LogSummary summary;

 private:
  /// Takes all whole lines out of `text`.
  bool lines(std::string& text) {
    size_t begin = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
      line(std::string_view(text).substr(begin, end - begin));
      begin = end + 1;
    }
    text.erase(0, begin);
    if (text.size() <= kLongestLine) return true;
    note("a line is longer than 256 MiB; the rest is not read");
    text.clear();
    return false;
  }
  void line(std::string_view text) {
    if (text.empty()) return;
    ++summary.lines;
    try {
      if (auto event = parser_.parse(text)) sink_(std::move(*event));
    } catch (const CorruptData& wrong) {
      ++summary.skipped_lines;
      if (summary.skipped_lines == 1) note(fmt::format("line {}: {}", summary.lines, wrong.what()));
    }
  }
  void note(std::string text) {
    if (summary.notes.size() < kNotes) summary.notes.push_back(std::move(text));
  }

  const std::function<void(eventlog::LogEvent)>& sink_;
  LogParser parser_;
};

}  // namespace

bool isLog(const fs::path& path) {
  std::error_code error;
  const std::string name = path.filename().string();
  if (fs::is_directory(path, error)) return name.starts_with("eventlog_v2_");
  if (!fs::is_regular_file(path, error) || name.starts_with(".")) return false;
  if (name.find(".zstd") != std::string::npos) return true;
  std::ifstream file(path, std::ios::binary);
  std::string begin(10, '\0');
  file.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  return begin.starts_with("{\"Event\":\"");
}

bool isInProgress(const fs::path& log) {
  std::error_code error;
  if (!fs::is_directory(log, error)) return log.extension() == ".inprogress";
  for (const auto& entry : fs::directory_iterator(log, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("appstatus_")) return name.ends_with(".inprogress");
  }
  return true;
}

std::vector<fs::path> filesOf(const fs::path& log) {
  std::error_code error;
  if (!fs::is_directory(log, error)) return {log};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(log, error)) {
    if (entry.path().filename().string().starts_with("events_")) files.push_back(entry.path());
  }
  if (error) throw IoError(fmt::format("cannot read the event log {}: {}", log.string(), error.message()));
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return orderOf(a) < orderOf(b); });
  return files;
}

LogSummary readLog(const fs::path& log, const std::function<void(eventlog::LogEvent)>& sink) {
  Reading reading(sink);
  const auto files = filesOf(log);
  if (files.empty()) throw IoError(fmt::format("the event log {} has no files named events_...", log.string()));
  for (const auto& file : files) {
    if (!reading.file(file)) break;
  }
  return reading.summary;
}

}  // namespace cerium::history
