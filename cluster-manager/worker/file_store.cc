// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/worker/file_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rpc/content_file.h"
#include "base/util/descriptor.h"
#include "base/util/error.h"

namespace cerium::cluster_manager {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHashDigits = 64;
constexpr size_t kMaxFiles = 32;
constexpr std::chrono::minutes kInUse{10};  // between finding a file and opening or copying it, on a busy machine
constexpr std::string_view kUnfinished = ".XXXXXX";
constexpr uint64_t kMaxMessage = 8 << 20;  // a piece is 1 MiB
constexpr std::chrono::seconds kPieceLimit{10};

/// A hash becomes a file's name.
void checkHash(const std::string& hash) {
  if (hash.size() != kHashDigits || hash.find_first_not_of("0123456789abcdef") != hash.npos)
    throw CorruptData("the requested file's hash is not a SHA-256 in hex");
}

/// A text that changes when the file does; empty if the file may not be used.
std::string appearance(const std::string& path, FileStore::Access access) {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
      ::access(path.c_str(), access == FileStore::Access::kExecute ? X_OK : R_OK) != 0)
    return {};
  return fmt::format("{} {} {} {}.{} {}.{}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

std::string describe(const protocol::ServedFile& wanted) {
  return fmt::format("file {} (SHA-256 {}...) from {}:{}", wanted.path, wanted.hash.substr(0, 12), wanted.host,
                     wanted.port);
}

/// A connection to the server of a file, which answers one request at a time.
class PieceSource {
 public:
  PieceSource(std::unique_ptr<rpc::Transport> transport, const protocol::ServedFile& wanted)
      : hash_(wanted.hash), transport_(std::move(transport)) {
    connection_ = transport_->connect({wanted.host, wanted.port},
                                      {[this](const rpc::ConnectionPtr&, const Bytes& bytes) { onMessage(bytes); },
                                       [this](const rpc::ConnectionPtr&, const std::string& reason) {
                                         MutexLock lock(mutex_);
                                         closed_ = reason.empty() ? "closed" : reason;
                                         changed_.notifyAll();
                                       }});
  }

  protocol::FilePiece next(uint64_t offset, const std::function<bool()>& stopped) {
    connection_->send(protocol::encodeCluster(protocol::FetchFile{hash_, offset}));
    const auto deadline = std::chrono::steady_clock::now() + kPieceLimit;
    MutexLock lock(mutex_);
    while (pieces_.empty()) {
      if (!closed_.empty()) throw IoError("the connection ended: " + closed_);
      if (stopped()) throw IoError("the worker stops");
      if (std::chrono::steady_clock::now() >= deadline)
        throw IoError(fmt::format("no data came for {} s", kPieceLimit.count()));
      changed_.waitFor(mutex_, std::chrono::milliseconds(100));
    }
    protocol::FilePiece piece = std::move(pieces_.front());
    pieces_.pop_front();
    return piece;
  }

 private:
  void onMessage(const Bytes& bytes) {
    auto message = protocol::decodeCluster(bytes);
    auto* piece = std::get_if<protocol::FilePiece>(&message);
    if (piece == nullptr) throw CorruptData("its answer is not a piece of a file");
    MutexLock lock(mutex_);
    if (!pieces_.empty()) throw CorruptData("it sends more than was requested");
    pieces_.push_back(std::move(*piece));
    changed_.notifyAll();
  }

  const std::string hash_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<protocol::FilePiece> pieces_ CERIUM_GUARDED_BY(mutex_);  // at most one
  std::string closed_ CERIUM_GUARDED_BY(mutex_);
  rpc::ConnectionPtr connection_;
  const std::unique_ptr<rpc::Transport> transport_;  // destroyed before the members that its handlers use
};

/// A temporary file beside its final path; deleted unless keep() is called.
class NewFile {
 public:
  explicit NewFile(const std::string& path)
      : path_(path), name_(path + std::string(kUnfinished)), file_(::mkostemp(name_.data(), O_CLOEXEC)) {
    if (!file_.isOpen()) throw IoError(fmt::format("cannot make the file {}: {}", path_, std::strerror(errno)));
  }
  ~NewFile() {
    if (!kept_) ::unlink(name_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  [[nodiscard]] int fd() const { return file_.get(); }
  /// Closes the file, because a file that is open for writing cannot be executed, and gives it its final name.
  void keep() {
    kept_ = ::fchmod(fd(), 0700) == 0 && file_.close() == 0 && ::rename(name_.c_str(), path_.c_str()) == 0;
    if (!kept_) throw IoError(fmt::format("cannot keep {}: {}", path_, std::strerror(errno)));
  }

 private:
  const std::string path_;
  std::string name_;
  Descriptor file_;
  bool kept_ = false;
};

}  // namespace

FileStore::FileStore(std::string folder, MakeTransport makeTransport)
    : folder_(std::move(folder)), make_transport_(std::move(makeTransport)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw IoError(fmt::format("cannot make the folder {}: {}", folder_, error.message()));
  ::chmod(folder_.c_str(), 0700);
  removeUnfinished();
}

std::string FileStore::get(const protocol::ServedFile& wanted, Access access, const std::string& secret) {
  checkHash(wanted.hash);
  {
    MutexLock lock(mutex_);
    while (!stopped_ && busy_.contains(wanted.hash)) changed_.wait(mutex_);
    if (stopped_) throw IoError("the worker stops");
    busy_.insert(wanted.hash);
  }
  // A failure wakes the next caller, which may know another source of the same file.
  const auto release = [&] {
    MutexLock lock(mutex_);
    busy_.erase(wanted.hash);
    changed_.notifyAll();
  };
  try {
    std::string path = find(wanted, access);
    if (path.empty()) {
      fetch(wanted, secret);
      path = pathOf(wanted);
      dropOldest();
    }
    release();
    return path;
  } catch (...) {
    release();
    throw;
  }
}

void FileStore::stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  changed_.notifyAll();
}

std::string FileStore::find(const protocol::ServedFile& wanted, Access access) {
  const std::string kept = pathOf(wanted);
  if (hasHash(kept, access, wanted)) {
    std::error_code ignored;
    fs::last_write_time(kept, fs::file_time_type::clock::now(), ignored);  // marks the file as recently used
    MutexLock lock(mutex_);
    checked_[kept] = appearance(kept, access) + " " + wanted.hash;
    return kept;
  }
  if (!wanted.path.empty() && wanted.path.front() == '/' && hasHash(wanted.path, access, wanted)) return wanted.path;
  return {};
}

bool FileStore::hasHash(const std::string& path, Access access, const protocol::ServedFile& wanted) {
  const std::string looks = appearance(path, access);
  if (looks.empty()) return false;
  {
    MutexLock lock(mutex_);
    const auto known = checked_.find(path);
    if (known != checked_.end() && known->second.starts_with(looks + " "))
      return known->second == looks + " " + wanted.hash;
  }
  std::string hash;
  try {
    const rpc::ContentFile file(path);
    if (file.bytes() != wanted.bytes) return false;  // compares sizes before reading the whole file
    hash = file.hash();
  } catch (const IoError&) {
    return false;  // not readable for this user: fetch it
  }
  MutexLock lock(mutex_);
  if (checked_.size() >= 4 * kMaxFiles) checked_.clear();
  checked_[path] = looks + " " + hash;
  return hash == wanted.hash;
}

void FileStore::fetch(const protocol::ServedFile& wanted, const std::string& secret) {
  try {
    NewFile file(pathOf(wanted));
    write(file.fd(), wanted, secret);
    file.keep();
  } catch (const CorruptData& e) {
    throw CorruptData(fmt::format("{}: {}", describe(wanted), e.what()));
  } catch (const IoError& e) {
    throw IoError(fmt::format("{}: {}", describe(wanted), e.what()));
  }
}

void FileStore::write(int fd, const protocol::ServedFile& wanted, const std::string& secret) {
  rpc::TransportOptions options;
  options.secret = secret;
  options.max_message_bytes = kMaxMessage;
  options.thread_name = "cerium-fetch";
  PieceSource source(make_transport_(options), wanted);
  rpc::Sha256 sum;
  uint64_t offset = 0;
  for (bool last = false; !last;) {
    const auto piece = source.next(offset, [this] {
      MutexLock lock(mutex_);
      return stopped_;
    });
    if (!piece.failure.empty()) throw IoError(piece.failure);
    if (piece.offset != offset) throw CorruptData("its pieces come out of order");
    if (piece.bytes.size() > wanted.bytes - offset) throw CorruptData("it is longer than announced");
    if (piece.bytes.empty() && !piece.last) throw CorruptData("it sends pieces without contents");
    if (const int error = writeAll(fd, piece.bytes.view()))
      throw IoError(std::string("cannot be written: ") + std::strerror(error));
    sum.update(piece.bytes.data(), piece.bytes.size());
    offset += piece.bytes.size();
    last = piece.last;
  }
  const std::string hash = sum.hex();
  if (hash != wanted.hash)
    throw CorruptData(
        fmt::format("the received file has another SHA-256, {}...: it has changed since", hash.substr(0, 12)));
}

void FileStore::dropOldest() {
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    if (entry->path().filename().string().size() == kHashDigits)
      files.emplace_back(entry->last_write_time(gone), entry->path());
  }
  if (files.size() <= kMaxFiles) return;
  std::sort(files.begin(), files.end());
  files.resize(files.size() - kMaxFiles);
  const auto in_use_since = fs::file_time_type::clock::now() - kInUse;
  for (const auto& [used, path] : files) {
    if (used < in_use_since) fs::remove(path, error);
  }
}

void FileStore::removeUnfinished() {
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    std::error_code gone;
    if (name.size() == kHashDigits + kUnfinished.size() && name[kHashDigits] == '.') fs::remove(entry->path(), gone);
  }
}

}  // namespace cerium::cluster_manager
