// Cerium. Licensed under the Apache License 2.0.
// Writing part files: a part appears complete and once, or not at all if the disk is full or the attempt dies.
#include <catch2/catch.hpp>
#include <thread>

#include "base/util/error.h"
#include "rdd/io/record_file.h"
#include "rdd/io/text_files.h"
#include "tests/support/temp_folder.h"

namespace cerium::io {

using Catch::Contains;
using testing::contentsOf;
using testing::TempFolder;

namespace {

/// The names in a folder, hidden ones too, sorted.
std::vector<std::string> namesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a job's output appears part by part and is marked when it is whole", "[rdd][io]") {
  TempFolder folder;
  const std::string prefix = GENERATE("", "file://");
  const std::string suffix = GENERATE("", "/");
  const std::string path = folder / "new/out";
  const std::string out = prefix + path + suffix;
  beginOutput(out);
  CHECK(namesIn(path) == Names{"_temporary"});
  {
    TextPartWriter writer(out, 3, 17, "");
    writer.line("one");
    writer.line("");
    CHECK(namesIn(path) == Names{"_temporary"});
    CHECK(namesIn(path + "/_temporary") == Names{"attempt-17-part-00003"});
    writer.commit();
  }
  CHECK(namesIn(path) == Names{"_temporary", "part-00003"});
  finishOutput(out);
  CHECK(namesIn(path) == Names{"_SUCCESS", "part-00003"});
  CHECK(contentsOf(path + "/part-00003") == "one\n\n");
}

TEST_CASE("an output folder that exists is refused", "[rdd][io]") {
  TempFolder folder;
  const std::string out = folder / "out";
  beginOutput(out);
  CHECK_THROWS_AS(beginOutput(out), IoError);
  CHECK_THROWS_WITH(beginOutput(out + "/"), Contains(out) && Contains("exists already"));
  const std::string file = folder.write("file", "x");
  CHECK_THROWS_WITH(beginOutput(file), Contains(file) && Contains("exists already"));
  CHECK_THROWS_WITH(beginOutput(file + "/out"), Contains("cannot make folder") && Contains(file));
  CHECK_THROWS_AS(beginOutput(""), InvalidArgument);
}

TEST_CASE("a failed job leaves its committed parts and no mark", "[rdd][io]") {
  TempFolder folder;
  const std::string out = folder / "out";
  beginOutput(out);
  TextPartWriter done(out, 0, 1, "");
  done.commit();
  TextPartWriter running(out, 1, 2, "");
  abandonOutput(out);
  CHECK(namesIn(out) == Names{"part-00000"});
  CHECK_THROWS_AS(running.commit(), IoError);
  abandonOutput(out);
  abandonOutput(folder / "never began");
}

TEST_CASE("of two attempts the first to commit wins, the other leaves nothing", "[rdd][io]") {
  TempFolder folder;
  const std::string out = folder / "out";
  if (GENERATE(true, false)) {
    beginOutput(out);
  } else {
    makeFolder(out);  // as for a checkpoint
  }
  SECTION("of text") {
    TextPartWriter first(out, 0, 1, "");
    TextPartWriter second(out, 0, 2, "");
    first.line("first");
    second.line("second");
    second.commit();
    first.commit();
    CHECK(contentsOf(out + "/part-00000") == "second\n");
  }
  SECTION("of records") {
    RecordFileWriter first(out, 0, 1);
    RecordFileWriter second(out, 0, 2);
    first.append(Bytes("first"));
    second.append(Bytes("second"));
    second.commit();
    first.commit();
    RecordFileReader reader(partPath(out, 0));
    Bytes run;
    REQUIRE(reader.next(run));
    CHECK(run.view() == "second");
    CHECK_FALSE(reader.next(run));
  }
  abandonOutput(out);
  CHECK(namesIn(out) == Names{"part-00000"});
}

TEST_CASE("of many attempts that commit at the same time one wins whole", "[rdd][io]") {
  TempFolder folder;
  const std::string out = folder / "out";
  beginOutput(out);
  std::vector<std::thread> threads;
  for (int attempt = 0; attempt < 8; ++attempt) {
    threads.emplace_back([&out, attempt] {
      for (int part = 0; part < 50; ++part) {
        TextPartWriter writer(out, part, 50 * attempt + part, "");
        for (int i = 0; i < 100; ++i) writer.line(std::to_string(attempt));
        writer.commit();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(std::filesystem::is_empty(out + "/_temporary"));
  for (int part = 0; part < 50; ++part) {
    const std::string contents = contentsOf(partPath(out, part));
    std::string expected;
    for (int i = 0; i < 100; ++i) expected += contents.substr(0, 2);
    CHECK(contents.size() == 200);
    CHECK(contents == expected);
  }
}

TEST_CASE("a writer that never commits leaves nothing", "[rdd][io]") {
  TempFolder folder;
  makeFolder(folder / "out");
  { TextPartWriter(folder / "out", 0, 1, "").line("x"); }
  { RecordFileWriter(folder / "out", 0, 1).append(Bytes("x")); }
  CHECK(namesIn(folder / "out").empty());
}

TEST_CASE("a full disk is an error with path and reason, and nothing stays", "[rdd][io]") {
  TempFolder folder;
  const std::string out = folder / "out";
  beginOutput(out);
  // /dev/full fails like a full disk.
  std::filesystem::create_symlink("/dev/full", out + "/_temporary/attempt-1-part-00000");
  TextPartWriter writer(out, 0, 1, "");
  const std::string line(1'000, 'x');
  SECTION("while lines are written") {
    CHECK_THROWS_WITH(
        [&] {
          for (int i = 0; i < 1'000; ++i) writer.line(line);
        }(),
        Contains(out + "/part-00000") && Contains("No space left on device") && Contains("free space"));
  }
  SECTION("at the commit") {
    writer.line(line);
    CHECK_THROWS_AS(writer.commit(), IoError);
  }
  CHECK(namesIn(out) == Names{"_temporary"});
  CHECK(std::filesystem::is_empty(out + "/_temporary"));
}

TEST_CASE("a folder that is not there is an error of the writer", "[rdd][io]") {
  TempFolder folder;
  const std::string out = folder / "out";
  CHECK_THROWS_WITH(TextPartWriter(out, 0, 1, ""), Contains(out) && Contains("No such file") && Contains("machine"));
  CHECK_THROWS_WITH(RecordFileWriter(out, 0, 1), Contains(out) && Contains("No such file"));
}

TEST_CASE("compressed output is read back and has its suffix", "[rdd][io]") {
  TempFolder folder;
  const std::string codec = GENERATE("", "gz", "zst", "lz4");
  const int lines = GENERATE(0, 1, 100'000);
  const std::string out = folder / "out";
  beginOutput(out);
  std::vector<std::string> expected;
  TextPartWriter writer(out, 0, 1, codec);
  for (int i = 0; i < lines; ++i) {
    expected.push_back("line " + std::to_string(i * 7919));
    writer.line(expected.back());
  }
  writer.commit();
  finishOutput(out);
  CAPTURE(codec, lines);
  CHECK(std::filesystem::exists(out + "/part-00000" + (codec.empty() ? "" : "." + codec)));

  std::vector<std::string> read;
  for (const FileSplit& split : planSplits(out, 3)) {
    LineReader reader(split);
    std::vector<std::string> batch;
    while (const size_t n = reader.next(batch, 1'000))
      read.insert(read.end(), batch.begin(), batch.begin() + static_cast<long>(n));
  }
  CHECK((read == expected));
}

TEST_CASE("an unknown compression is refused with the known ones", "[rdd][io]") {
  TempFolder folder;
  const std::string codec = GENERATE("bz7", "bz2", ".gz", "x.gz", "GZ");
  CHECK_THROWS_AS(TextPartWriter(folder.path(), 0, 1, codec), InvalidArgument);
  CHECK_THROWS_WITH(TextPartWriter(folder.path(), 0, 1, codec),
                    Contains("\"" + codec + "\"") && Contains("gz, zst, lz4"));
}

TEST_CASE("a file of records that was cut or changed is corrupt data", "[rdd][io]") {
  TempFolder folder;
  {
    RecordFileWriter writer(folder.path(), 0, 1);
    writer.append(Bytes(std::string(100'000, 'a')));
    writer.append(Bytes("second"));
    writer.commit();
  }
  const std::string path = partPath(folder.path(), 0);
  const std::string whole = contentsOf(path);
  const auto readAll = [&] {
    RecordFileReader reader(path);
    Bytes run;
    int runs = 0;
    while (reader.next(run)) ++runs;
    return runs;
  };
  CHECK(readAll() == 2);
  folder.write("part-00000", whole.substr(0, whole.size() - 1));
  CHECK_THROWS_AS(readAll(), CorruptData);
  std::string changed = whole;
  changed[1'000] = 'b';
  folder.write("part-00000", changed);
  CHECK_THROWS_AS(readAll(), CorruptData);
  folder.write("part-00000", "text");
  CHECK_THROWS_WITH(readAll(), Contains(path));
}

}  // namespace cerium::io
