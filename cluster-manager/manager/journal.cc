// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/manager/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/util/bytes.h"
#include "base/util/descriptor.h"
#include "base/util/error.h"
#include "base/util/hash.h"
#include "base/util/log.h"

namespace cerium::cluster_manager {
namespace {

constexpr std::string_view kMagic = "CERIUMJ2";
constexpr size_t kHeadBytes = sizeof(uint32_t) + sizeof(uint64_t);

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "journals are little-endian");

void appendRecord(Bytes& to, const protocol::JournalRecord& record) {
  const Bytes bytes = protocol::encodeRecord(record);
  const auto length = static_cast<uint32_t>(bytes.size());
  const uint64_t checksum = hashBytes(bytes.data(), bytes.size());
  to.append(&length, sizeof(length));
  to.append(&checksum, sizeof(checksum));
  to.append(bytes.data(), bytes.size());
}

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  throw IoError(fmt::format("cannot {} the journal {}: {}", what, path, std::strerror(errno)));
}

std::optional<protocol::JournalRecord> decodeWhole(std::string_view bytes, uint64_t checksum) {
  if (hashBytes(bytes.data(), bytes.size()) != checksum) return std::nullopt;
  try {
    return protocol::decodeRecord(Bytes(bytes));
  } catch (const CorruptData&) {
    return std::nullopt;
  }
}

void writeToDisk(int fd, const Bytes& bytes, const std::string& path) {
  errno = writeAll(fd, bytes.view());
  if (errno != 0 || ::fdatasync(fd) != 0) fail("write", path);
}

void syncFolder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  (void)::fsync(fd);  // Some file systems cannot sync a folder; the name is then as safe as they make it.
  ::close(fd);
}

}  // namespace

Journal::Contents Journal::read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in && errno == ENOENT) return {};
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  if (!in) fail("read", path);
  if (file.empty()) return {};
  if (!file.starts_with(kMagic))
    throw CorruptData(fmt::format("{} is not a journal of this release of Cerium; move it away to start afresh", path));

  Contents contents;
  std::string_view rest = std::string_view(file).substr(kMagic.size());
  while (rest.size() >= kHeadBytes) {
    uint32_t length = 0;
    uint64_t checksum = 0;
    std::memcpy(&length, rest.data(), sizeof(length));
    std::memcpy(&checksum, rest.data() + sizeof(length), sizeof(checksum));
    if (length > rest.size() - kHeadBytes) break;
    if (auto record = decodeWhole(rest.substr(kHeadBytes, length), checksum)) {
      contents.records.push_back(std::move(*record));
    } else {
      contents.damaged_bytes += kHeadBytes + length;
    }
    rest.remove_prefix(kHeadBytes + length);
  }
  contents.damaged_bytes += rest.size();
  return contents;
}

Journal::Journal(std::string path, const std::vector<protocol::JournalRecord>& records, uint64_t least_due)
    : path_(std::move(path)), least_due_(least_due) {
  rewrite(records);
}

Journal::~Journal() {
  if (fd_ >= 0) ::close(fd_);
}

void Journal::rewrite(const std::vector<protocol::JournalRecord>& records) {
  Bytes bytes(kMagic);
  for (const auto& record : records) appendRecord(bytes, record);
  const std::string fresh = path_ + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) fail("make", fresh);
  try {
    writeToDisk(fd, bytes, fresh);
    if (::rename(fresh.c_str(), path_.c_str()) != 0) fail("replace", path_);
  } catch (...) {
    ::close(fd);
    ::unlink(fresh.c_str());
    throw;
  }
  syncFolder(path_);
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  bytes_ = bytes.size();
  due_ = std::max(least_due_, 2 * bytes_);
}

void Journal::tidy(const std::function<std::vector<protocol::JournalRecord>()>& snapshot) {
  if (bytes_ < due_) return;
  try {
    rewrite(snapshot());
  } catch (const IoError& e) {
    due_ = 2 * bytes_;  // tries again only after the journal has doubled
    log::warn("{}; the journal is kept as it is, with {} MiB", e.what(), bytes_ >> 20);
  }
}

void Journal::append(const std::vector<protocol::JournalRecord>& records) {
  Bytes bytes;
  for (const auto& record : records) appendRecord(bytes, record);
  writeToDisk(fd_, bytes, path_);
  bytes_ += bytes.size();
}

}  // namespace cerium::cluster_manager
