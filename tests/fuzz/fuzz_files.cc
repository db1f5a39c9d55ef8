// Cerium. Licensed under the Apache License 2.0.
// Files that programs read: text, also compressed, and the record files of saveAsObjectFile and checkpoints.
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "rdd/io/record_file.h"
#include "rdd/io/text_files.h"
#include "rdd/stream.h"
#include "tests/fuzz/fuzz.h"

using namespace cerium;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kCodecs = {"", "gz", "zst", "lz4"};
constexpr char kRecords = 4;

/// A folder of links to one file in memory, whose names select the way of reading.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("cerium-fuzz-" + std::to_string(::getpid()))) {
    fs::create_directory(path_);
    for (const auto& codec : kCodecs) {
      fs::create_symlink("/proc/self/fd/" + std::to_string(file_), linkOf(codec));
    }
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string path() const { return path_; }
  [[nodiscard]] std::string linkOf(const std::string& codec) const {
    return path_ / (codec.empty() ? "text" : "text." + codec);
  }
  void fill(std::string_view contents) const {
    fuzz::check(::ftruncate(file_, 0) == 0 &&
                    ::pwrite(file_, contents.data(), contents.size(), 0) == static_cast<ssize_t>(contents.size()),
                "the file cannot be written");
  }

 private:
  const int file_ = ::memfd_create("file", 0);
  const fs::path path_;
};

const Folder& folder() {
  static const Folder one;
  return one;
}

std::string contentsOf(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string textSeed(char kind) {
  const std::string& codec = kCodecs[static_cast<size_t>(kind)];
  io::TextPartWriter writer(folder().path(), kind, 0, codec);
  for (const char* line : {"first", "", "a line that repeats, that repeats, that repeats"}) writer.line(line);
  writer.commit();
  const std::string name = "part-0000" + std::to_string(kind) + (codec.empty() ? "" : "." + codec);
  return kind + contentsOf(fs::path(folder().path()) / name);
}

std::string recordSeed() {
  const std::vector<std::string> records = {"one", "two", ""};
  Bytes run;
  Writer out(run);
  encodeRecords(out, records.data(), records.size());
  io::RecordFileWriter writer(folder().path(), kRecords, 0);
  writer.append(run);
  writer.append(run);
  writer.commit();
  return kRecords + contentsOf(fs::path(folder().path()) / "part-00004");
}

/// Reads the lines as one split and, if the file can be cut, as two; both give the same lines.
void readLines(const std::string& path, size_t size, bool compressed) {
  constexpr size_t kAtOnce = 3;
  std::vector<std::string> lines;
  const auto count = [&](uint64_t begin, uint64_t end) {
    io::LineReader reader({path, begin, end});
    size_t all = 0;
    for (size_t n = kAtOnce; n > 0; all += n) n = reader.next(lines, kAtOnce);
    return all;
  };
  const size_t whole = count(0, size);
  if (compressed || size < 2) return;
  const uint64_t middle = size / 2;
  fuzz::check(count(0, middle) + count(middle, size) == whole, "a cut file has more or fewer lines");
}

void readRecords(const std::string& path) {
  io::RecordFileReader reader(path);
  for (Bytes run; reader.next(run);) {
    DecodeStream<std::string> records(run.view(), nullptr);
    while (records.next().size > 0) {
    }
  }
}

}  // namespace

std::vector<std::string> fuzz::seeds() { return {textSeed(0), textSeed(1), textSeed(2), textSeed(3), recordSeed()}; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || data[0] > kRecords) return 0;
  folder().fill(fuzz::textOf(data + 1, size - 1));
  try {
    if (data[0] == kRecords) {
      readRecords(folder().linkOf(""));
    } else {
      const std::string& codec = kCodecs[data[0]];
      readLines(folder().linkOf(codec), size - 1, !codec.empty());
    }
    fuzz::decodedWhole();
  } catch (const CorruptData&) {
  } catch (const IoError&) {
  }
  return 0;
}
