// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/log_files.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <fstream>

#include "web-ui/api/parameters.h"

namespace cerium::api {

namespace fs = std::filesystem;
using boost::json::array;
using boost::json::object;

namespace {

constexpr int64_t kMostBytes = 1 << 20;
constexpr size_t kMostMatches = 200;
constexpr int64_t kMostCounted = 10'000;

int64_t writtenAt(const fs::path& path) {
  std::error_code error;
  const auto wall = std::chrono::file_clock::to_sys(fs::last_write_time(path, error));
  return std::chrono::duration_cast<std::chrono::milliseconds>(wall.time_since_epoch()).count();
}

/// The text with U+FFFD in place of bytes that are not UTF-8.
std::string validUtf8(const std::string& bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size();) {
    const auto first = static_cast<unsigned char>(bytes[i]);
    const size_t length = first < 0x80                    ? 1
                          : first >= 0xc2 && first < 0xe0 ? 2
                          : first >= 0xe0 && first < 0xf0 ? 3
                          : first >= 0xf0 && first < 0xf5 ? 4
                                                          : 0;
    bool valid = length > 0 && i + length <= bytes.size();
    for (size_t k = 1; valid && k < length; ++k) valid = (static_cast<unsigned char>(bytes[i + k]) & 0xc0) == 0x80;
    if (valid && length == 3) {
      const auto second = static_cast<unsigned char>(bytes[i + 1]);
      valid = !(first == 0xe0 && second < 0xa0) && !(first == 0xed && second >= 0xa0);
    }
    if (valid && length == 4) {
      const auto second = static_cast<unsigned char>(bytes[i + 1]);
      valid = !(first == 0xf0 && second < 0x90) && !(first == 0xf4 && second >= 0x90);
    }
    text += valid ? bytes.substr(i, length) : "\xef\xbf\xbd";
    i += valid ? length : 1;
  }
  return text;
}

/// The lines with the text, from the beginning of the file on.
void addMatches(std::ifstream& file, const std::string& wanted, object& json) {
  array matches;
  int64_t total = 0;
  int64_t offset = 0;
  file.clear();
  file.seekg(0);
  for (std::string line; total < kMostCounted && std::getline(file, line);) {
    if (line.find(wanted) != std::string::npos) {
      ++total;
      if (matches.size() < kMostMatches)
        matches.push_back(object{{"offset", offset}, {"line", validUtf8(line.substr(0, 1000))}});
    }
    offset += static_cast<int64_t>(line.size()) + 1;
  }
  json["matches"] = std::move(matches);
  json["matchesTotal"] = total;
}

}  // namespace

object logFilesJson(const std::vector<fs::path>& paths, const std::string& reason) {
  array files;
  for (const fs::path& path : paths) {
    std::error_code error;
    const auto bytes = fs::file_size(path, error);
    if (error) continue;
    files.push_back(object{{"file", path.filename().string()}, {"bytes", bytes}, {"writtenAt", writtenAt(path)}});
  }
  object json{{"files", std::move(files)}};
  if (json["files"].as_array().empty()) json["reason"] = reason;
  return json;
}

object logTextJson(const std::vector<fs::path>& paths, const http::Request& request) {
  const std::string name = request.get("file");
  const auto path = std::find_if(paths.begin(), paths.end(), [&](const auto& each) { return each.filename() == name; });
  std::ifstream file;
  if (path != paths.end()) file.open(*path, std::ios::binary);
  if (!file.is_open()) throw http::Refusal{404, "there is no log file " + name};
  file.seekg(0, std::ios::end);
  const auto size = static_cast<int64_t>(file.tellg());
  const auto length = std::clamp(parameter<int64_t>(request, "length", 65536), int64_t{1}, kMostBytes);
  int64_t offset = std::clamp(parameter<int64_t>(request, "offset", 0), int64_t{0}, size);
  if (flag(request, "tail", false)) offset = std::max<int64_t>(0, size - length);
  file.seekg(offset);
  std::string text(static_cast<size_t>(std::min(length, size - offset)), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  // Whole lines, where the part has a line's end.
  if (offset > 0) {
    file.clear();
    file.seekg(offset - 1);
    if (const size_t end = text.find('\n'); file.get() != '\n' && end != std::string::npos) {
      text.erase(0, end + 1);
      offset += static_cast<int64_t>(end) + 1;
    }
  }
  if (offset + static_cast<int64_t>(text.size()) < size) {
    if (const size_t end = text.rfind('\n'); end != std::string::npos) text.resize(end + 1);
  }
  object json{{"file", name},
              {"offset", offset},
              {"end", offset + static_cast<int64_t>(text.size())},
              {"bytes", size},
              {"text", validUtf8(text)}};
  if (const std::string wanted = request.get("search"); !wanted.empty()) addMatches(file, wanted, json);
  return json;
}

}  // namespace cerium::api
