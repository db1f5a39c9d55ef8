// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/zip.h"

#include <zlib.h>

#include <cstdint>

#include "base/util/error.h"

namespace cerium::api {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kDirectoryEntry = 0x02014b50;
constexpr uint32_t kDirectoryEnd = 0x06054b50;
constexpr uint16_t kVersion = 20;
constexpr uint16_t kUtf8 = 1 << 11;
constexpr uint16_t kFirstDate = (1 << 5) | 1;  // 1980-01-01: when the files were written does not matter

template <class Number>
void put(std::string& out, Number value) {
  for (size_t i = 0; i < sizeof value; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
}

/// The fields that a file's header and its entry in the directory share.
void putCommon(std::string& out, const std::string& name, const std::string& bytes, uint32_t crc) {
  put(out, kVersion);
  put(out, kUtf8);
  put(out, uint16_t{0});  // stored
  put(out, uint16_t{0});
  put(out, kFirstDate);
  put(out, crc);
  put(out, static_cast<uint32_t>(bytes.size()));
  put(out, static_cast<uint32_t>(bytes.size()));
  put(out, static_cast<uint16_t>(name.size()));
  put(out, uint16_t{0});
}

}  // namespace

std::string zipOf(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string archive;
  std::string directory;
  for (const auto& [name, bytes] : files) {
    if (archive.size() + bytes.size() > UINT32_MAX - (1 << 20)) throw InvalidArgument("the files exceed 4 GiB");
    const auto at = static_cast<uint32_t>(archive.size());
    const auto crc = static_cast<uint32_t>(
        crc32_z(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
    put(archive, kLocalHeader);
    putCommon(archive, name, bytes, crc);
    archive += name;
    archive += bytes;
    put(directory, kDirectoryEntry);
    put(directory, kVersion);
    putCommon(directory, name, bytes, crc);
    put(directory, uint16_t{0});  // no comment
    put(directory, uint16_t{0});  // first disk
    put(directory, uint16_t{0});
    put(directory, uint32_t{0});
    put(directory, at);
    directory += name;
  }
  const auto begin = static_cast<uint32_t>(archive.size());
  archive += directory;
  put(archive, kDirectoryEnd);
  put(archive, uint32_t{0});
  put(archive, static_cast<uint16_t>(files.size()));
  put(archive, static_cast<uint16_t>(files.size()));
  put(archive, static_cast<uint32_t>(directory.size()));
  put(archive, begin);
  put(archive, uint16_t{0});
  return archive;
}

}  // namespace cerium::api
