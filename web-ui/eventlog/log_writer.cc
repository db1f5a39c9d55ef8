// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/eventlog/log_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <zstd.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "base/util/descriptor.h"
#include "base/util/error.h"
#include "web-ui/eventlog/log_json.h"

namespace cerium::eventlog {
namespace {

[[noreturn]] void fail(const char* what, const std::filesystem::path& path, int error) {
  throw IoError(
      fmt::format("cannot {} the event log {}: {}", what, path.string(), std::generic_category().message(error)));
}

/// Others of the group may read, as Spark's history server does.
Descriptor create(const std::filesystem::path& path) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (!file.isOpen()) fail("create", path, errno);
  return file;
}

}  // namespace

/// One zstd frame.
class LogWriter::File {
 public:
  explicit File(std::filesystem::path path)
      : path_(std::move(path)), file_(create(path_)), zstd_(ZSTD_createCStream()), buffer_(ZSTD_CStreamOutSize()) {
    ZSTD_CCtx_setParameter(zstd_, ZSTD_c_compressionLevel, 1);
  }
  ~File() { ZSTD_freeCStream(zstd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void append(const std::string& text) { compress(text, ZSTD_e_continue); }
  void flush() { compress({}, ZSTD_e_flush); }
  void end() { compress({}, ZSTD_e_end); }
  [[nodiscard]] uint64_t size() const { return size_; }

 private:
  void compress(std::string_view text, ZSTD_EndDirective how) {
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    for (;;) {
      ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
      const size_t left = ZSTD_compressStream2(zstd_, &out, &in, how);
      if (ZSTD_isError(left) != 0) throw IoError(fmt::format("zstd: {}", ZSTD_getErrorName(left)));
      put({buffer_.data(), out.pos});
      if (how == ZSTD_e_continue ? in.pos == in.size : left == 0) return;
    }
  }
  void put(std::string_view bytes) {
    if (const int error = writeAll(file_.get(), bytes); error != 0) fail("write", path_, error);
    size_ += bytes.size();
  }

  const std::filesystem::path path_;
  const Descriptor file_;
  ZSTD_CStream* const zstd_;
  std::vector<char> buffer_;
  uint64_t size_ = 0;
};

LogWriter::LogWriter(Options options)
    : options_(std::move(options)), path_(options_.folder / ("eventlog_v2_" + options_.application)) {
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  if (error) throw IoError(fmt::format("cannot create the event log {}: {}", path_.string(), error.message()));
  create(path_ / fmt::format("appstatus_{}.inprogress", options_.application));
  roll();
}

LogWriter::~LogWriter() {
  try {
    file_->end();
  } catch (const IoError&) {  // the log ends before; write() or flush() has said so
  }
  std::error_code error;  // a log that stays "in progress" is read all the same
  const std::string status = "appstatus_" + options_.application;
  std::filesystem::rename(path_ / (status + ".inprogress"), path_ / status, error);
}

void LogWriter::roll() {
  if (file_) file_->end();
  file_ = std::make_unique<File>(path_ / fmt::format("events_{}_{}.zstd", ++index_, options_.application));
}

void LogWriter::write(const LogEvent& event) {
  if (file_->size() >= options_.max_file_bytes) roll();
  file_->append(toJson(event) + "\n");
}

void LogWriter::flush() { file_->flush(); }

}  // namespace cerium::eventlog
