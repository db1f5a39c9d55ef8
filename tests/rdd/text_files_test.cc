// Cerium. Licensed under the Apache License 2.0.
// Reading text: the files that a path names, their splits and lines, compressed and damaged files.
#include "rdd/io/text_files.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <random>

#include "base/util/error.h"
#include "rdd/io/codec.h"
#include "rdd/io/compressor.h"
#include "tests/support/temp_folder.h"

namespace cerium::io {

using Catch::Contains;
using testing::TempFolder;
using Lines = std::vector<std::string>;

namespace {

Lines linesOf(const FileSplit& split, size_t batch = 3) {
  LineReader reader(split);
  Lines all;
  Lines buffer;
  while (const size_t n = reader.next(buffer, batch))
    all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<long>(n));
  return all;
}

Lines linesOf(const std::vector<FileSplit>& splits) {
  Lines all;
  for (const FileSplit& split : splits) {
    for (std::string& line : linesOf(split)) all.push_back(std::move(line));
  }
  return all;
}

/// The model: cuts a text into lines.
Lines cutLines(const std::string& text) {
  Lines lines;
  for (size_t at = 0; at < text.size();) {
    const size_t lf = text.find('\n', at);
    std::string line = text.substr(at, lf == text.npos ? lf : lf - at);
    if (lf != text.npos && line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
    at = lf == text.npos ? text.size() : lf + 1;
  }
  return lines;
}

std::string compress(Codec codec, const std::string& text) {
  auto compressor = makeCompressor(codec);
  Bytes out;
  compressor->add(text, out);
  compressor->finish(out);
  return std::string(out.view());
}

/// Text that does not compress well: `size` bytes in lines of up to 100.
std::string randomText(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) text += random() % 50 == 0 ? '\n' : static_cast<char>('a' + random() % 26);
  return text;
}

}  // namespace

TEST_CASE("every cut of a file gives each of its lines once and in order", "[rdd][io]") {
  TempFolder folder;
  const std::string text = GENERATE("one\ntwo\nthree\n", "one\r\ntwo\r\n\r\nthree\r\n", "lf\ncrlf\r\nno end", "\n\n\n",
                                    "\r\n", "\n", "x", "a\rb\r\r\nc\r", "\n\nabc\n\n", "ends in crlf\r\n", "\r");
  const std::string path = folder.write("a.txt", text);
  const Lines expected = cutLines(text);
  CAPTURE(text);

  SECTION("at any two places") {
    for (uint64_t a = 0; a <= text.size(); ++a) {
      for (uint64_t b = a; b <= text.size(); ++b) {
        CAPTURE(a, b);
        CHECK(linesOf({{path, 0, a}, {path, a, b}, {path, b, text.size()}}) == expected);
      }
    }
  }
  SECTION("by any wish for a number of pieces") {
    for (int n = 0; n <= static_cast<int>(text.size()) + 2; ++n) {
      CAPTURE(n);
      CHECK(linesOf(planSplits(path, n)) == expected);
    }
  }
}

TEST_CASE("a line belongs to the split in which its first byte lies", "[rdd][io]") {
  TempFolder folder;
  const std::string path = folder.write("a.txt", "aa\nbb\ncc\n");
  CHECK(linesOf({path, 0, 3}) == Lines{"aa"});
  CHECK(linesOf({path, 0, 4}) == Lines{"aa", "bb"});
  CHECK(linesOf({path, 3, 6}) == Lines{"bb"});
  CHECK(linesOf({path, 4, 6}) == Lines{});
  CHECK(linesOf({path, 4, 9}) == Lines{"cc"});
}

TEST_CASE("random files cut at random places give the same lines as one piece", "[rdd][io]") {
  TempFolder folder;
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    std::string text;
    while (text.size() < 700'000) {  // several reads long
      text.append(random() % 4 == 0 ? random() % 200'000 : random() % 90, static_cast<char>('a' + random() % 26));
      text += random() % 2 == 0 ? "\n" : "\r\n";
    }
    const std::string path = folder.write("a.txt", text);
    const int splits = static_cast<int>(random() % 40);
    const bool same = linesOf(planSplits(path, splits)) == cutLines(text);
    CAPTURE(round, splits);
    CHECK(same);
  }
}

TEST_CASE("a line of a hundred megabytes is read whole", "[rdd][io]") {
  TempFolder folder;
  const size_t size = 100'000'000;
  const std::string path = folder.write("long.txt", "before\n" + std::string(size, 'x') + "\nafter");
  const Lines lines = linesOf(planSplits(path, 7));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "before");
  CHECK(lines[1].size() == size);
  CHECK(lines[2] == "after");
}

TEST_CASE("a line reader reuses the strings it is given", "[rdd][io]") {
  TempFolder folder;
  LineReader reader({folder.write("a.txt", "one\ntwo\nthree\n"), 0, 14});
  Lines lines = {std::string(1'000, 'x'), "y", "z", "kept"};
  const char* storage = lines[0].data();
  CHECK(reader.next(lines, 2) == 2);
  CHECK(lines[0] == "one");
  CHECK(lines[0].data() == storage);
  CHECK(lines[1] == "two");
  CHECK(lines[3] == "kept");
  CHECK(reader.next(lines, 2) == 1);
  CHECK(lines[0] == "three");
  CHECK(reader.next(lines, 2) == 0);
  CHECK(reader.next(lines, 2) == 0);
  CHECK(reader.bytesRead() == 14);
}

TEST_CASE("a file that was cut after the job was planned is an error, not fewer lines", "[rdd][io]") {
  TempFolder folder;
  const std::string path = folder.write("a.txt", "one\ntwo\nthree\n");
  const auto splits = planSplits(path, 1);
  std::filesystem::resize_file(path, 6);
  CHECK_THROWS_WITH(linesOf(splits), Contains(path) && Contains("ends at byte 6") && Contains("had 14"));
}

TEST_CASE("files are cut as Hadoop cuts them", "[rdd][io]") {
  TempFolder folder;
  const std::string path = folder.write("a.txt", std::string(1'000, 'x'));
  const auto sizes = [&](const std::string& paths, int min_splits, uint64_t max_bytes) {
    std::vector<uint64_t> result;
    for (const FileSplit& split : planSplits(paths, min_splits, max_bytes)) result.push_back(split.end - split.begin);
    return result;
  };
  using Sizes = std::vector<uint64_t>;
  CHECK(sizes(path, 1, 10'000) == Sizes{1'000});
  CHECK(sizes(path, 0, 10'000) == Sizes{1'000});
  CHECK(sizes(path, 2, 10'000) == Sizes{500, 500});
  CHECK(sizes(path, 3, 10'000) == Sizes{333, 333, 334});  // a tenth more is not worth a piece
  CHECK(sizes(path, 1, 300) == Sizes{300, 300, 300, 100});
  CHECK(sizes(path, 1, 910) == Sizes{1'000});
  CHECK(sizes(path, 1, 909) == Sizes{909, 91});

  const std::string other = folder.write("b.txt", std::string(200, 'x'));
  CHECK(sizes(path + "," + other, 2, 10'000) == Sizes{600, 400, 200});  // the goal is a share of all files

  const std::string packed = folder.write("c.gz", std::string(1'000, 'x'));
  CHECK(sizes(packed, 10, 100) == Sizes{1'000});
}

TEST_CASE("empty files give no split unless there is nothing else", "[rdd][io]") {
  TempFolder folder;
  folder.write("in/a", "");
  folder.write("in/b", "text");
  CHECK(planSplits(folder / "in", 2).size() == 2);
  for (const FileSplit& split : planSplits(folder / "in", 2)) CHECK(split.path == folder / "in/b");

  folder.write("empty/a", "");
  folder.write("empty/b.gz", "");
  const auto splits = planSplits(folder / "empty", 4);
  REQUIRE(splits.size() == 1);
  CHECK(linesOf(splits) == Lines{});

  std::filesystem::create_directory(folder / "nothing");
  CHECK(planSplits(folder / "nothing", 4).empty());
}

TEST_CASE("paths may be files, folders, patterns and lists of them", "[rdd][io]") {
  TempFolder folder;
  const std::string a = folder.write("in/a.txt", "a");
  const std::string b = folder.write("in/b.txt", "b");
  const std::string c = folder.write("in/c.log", "c");
  const std::string odd = folder.write("in/d[1],e.txt", "d");
  const std::string hidden = folder.write("in/_SUCCESS", "");
  folder.write("in/.crc", "");
  const std::string in = folder / "in";

  CHECK(listFiles(a) == Lines{a});
  CHECK(listFiles("file://" + a) == Lines{a});
  CHECK(listFiles("file:" + a) == Lines{a});
  CHECK(listFiles(in) == Lines{a, b, c, odd});
  CHECK(listFiles(in + "/*.txt") == Lines{a, b, odd});
  CHECK(listFiles(in + "/?.txt") == Lines{a, b});
  CHECK(listFiles(in + "/[bc].*") == Lines{b, c});
  CHECK(listFiles(in + "/{a,c}.*") == Lines{a, c});
  CHECK(listFiles(in + "/*") == Lines{a, b, c, odd});
  CHECK(listFiles(folder.path() + "/i*") == Lines{a, b, c, odd});
  CHECK(listFiles(b + "," + a) == Lines{a, b});
  CHECK(listFiles(c + "," + in + "/{a,b}.txt,file://" + b) == Lines{a, b, b, c});
  CHECK(listFiles(odd) == Lines{odd});
  CHECK(listFiles(hidden) == Lines{hidden});
  CHECK(listFiles(in + "/_*") == Lines{hidden});
}

TEST_CASE("a path that cannot be read is an error that names it, the reason and the way out", "[rdd][io]") {
  TempFolder folder;
  const std::string good = folder.write("good", "x");
  const std::string missing = folder / "missing";
  CHECK_THROWS_AS(listFiles(missing), IoError);
  CHECK_THROWS_WITH(listFiles(missing),
                    Contains(missing) && Contains("No such file") && Contains("check the spelling"));
  CHECK_THROWS_WITH(listFiles(good + "," + missing), Contains(missing));
  CHECK_THROWS_WITH(listFiles("no/such/file"), Contains("no/such/file") && Contains("a relative path starts at /"));
  CHECK_THROWS_WITH(listFiles(good + "/below"), Contains(good + "/below") && Contains("Not a directory"));
  CHECK_THROWS_WITH(listFiles(folder / "*.csv"), Contains("*.csv") && Contains("matches nothing"));
  CHECK_THROWS_AS(listFiles(""), InvalidArgument);
  CHECK_THROWS_AS(listFiles(good + ","), InvalidArgument);
  CHECK_THROWS_WITH(listFiles("s3a://bucket/x"), Contains("s3a://bucket/x") && Contains("mount"));
  CHECK_THROWS_WITH(listFiles("file://host/x"), Contains("file://host/x"));
  CHECK_THROWS_WITH(readWholeFile(missing), Contains(missing));
  CHECK_THROWS_WITH(linesOf({missing, 0, 1}), Contains(missing));

  std::filesystem::create_directories(folder / "nested/below");
  CHECK_THROWS_WITH(listFiles(folder / "nested"), Contains("nested/below") && Contains("a folder inside a folder"));
}

TEST_CASE("sockets, pipes and devices are refused at once instead of blocking", "[rdd][io]") {
  TempFolder folder;
  std::filesystem::create_directory(folder / "in");
  const std::string pipe = folder / "in/pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(listFiles(pipe), Contains(pipe) && Contains("a named pipe"));
  CHECK_THROWS_WITH(listFiles(folder / "in"), Contains(pipe) && Contains("a named pipe"));
  CHECK_THROWS_WITH(linesOf({pipe, 0, 1}), Contains(pipe) && Contains("not a regular file"));
  CHECK_THROWS_WITH(listFiles("/dev/null"), Contains("/dev/null") && Contains("a device"));

  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string socket = folder / "socket";
  REQUIRE(socket.copy(address.sun_path, sizeof address.sun_path - 1) == socket.size());
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(fd);
  CHECK_THROWS_WITH(listFiles(socket), Contains(socket) && Contains("a socket"));
}

TEST_CASE("a file that the user may not read is an error that says so", "[rdd][io]") {
  TempFolder folder;
  const std::string file = folder.write("file", "x");
  const std::string below = folder.write("closed/file", "x");
  std::filesystem::permissions(file, std::filesystem::perms::none);
  std::filesystem::permissions(folder / "closed", std::filesystem::perms::none);
  // root may read everything, so as root the calls are made with the rights of the user "nobody".
  const bool root = ::geteuid() == 0;
  constexpr uid_t kNobody = 65534;
  if (root && ::seteuid(kNobody) != 0) {
    WARN("skipped: the tests run as root and cannot give up its rights");
    return;
  }
  const auto messageOf = [](const std::string& paths) {
    try {
      return "read " + std::to_string(listFiles(paths).size());
    } catch (const IoError& error) {
      return std::string(error.what());
    }
  };
  const std::string messages[] = {messageOf(file), messageOf(folder / "closed"), messageOf(below),
                                  messageOf(folder / "closed/*")};
  if (root) REQUIRE(::seteuid(0) == 0);
  std::filesystem::permissions(folder / "closed", std::filesystem::perms::owner_all);

  for (const std::string& message : messages)
    CHECK_THAT(message, Contains("Permission denied") && Contains("give user id"));
  CHECK_THAT(messages[0], Contains(file));
  CHECK_THAT(messages[1], Contains(folder / "closed"));
  CHECK_THAT(messages[2], Contains(below));
}

TEST_CASE("compressed files read as their text, several members too", "[rdd][io]") {
  TempFolder folder;
  const Codec codec = GENERATE(Codec::kGzip, Codec::kZstd, Codec::kLz4);
  const std::string suffix(suffixOf(codec));
  CAPTURE(suffix);
  const std::string text = randomText(3'000'000, 5) + "\r\nno end";
  const std::string path = folder.write("a" + suffix, compress(codec, text));

  CHECK((readWholeFile(path) == text));
  const auto splits = planSplits(path, 8);
  REQUIRE(splits.size() == 1);
  CHECK((linesOf(splits) == cutLines(text)));
  LineReader reader(splits[0]);
  Lines lines;
  while (reader.next(lines, 1'000) > 0) continue;
  CHECK(reader.bytesRead() == static_cast<int64_t>(std::filesystem::file_size(path)));

  const std::string members =
      folder.write("b" + suffix, compress(codec, "one\ntw") + compress(codec, "") + compress(codec, "o\n"));
  CHECK(linesOf(planSplits(members, 1)) == Lines{"one", "two"});
  const std::string nothing = folder.write("c" + suffix, compress(codec, ""));
  CHECK(linesOf(planSplits(nothing, 1)) == Lines{});
}

TEST_CASE("a compressed file cut short anywhere is corrupt data with path and offset", "[rdd][io]") {
  TempFolder folder;
  const Codec codec = GENERATE(Codec::kGzip, Codec::kZstd, Codec::kLz4);
  const std::string suffix(suffixOf(codec));
  const std::string whole = compress(codec, randomText(300, 6));
  for (size_t size = 1; size < whole.size(); ++size) {
    const std::string path = folder.write("a" + suffix, whole.substr(0, size));
    CAPTURE(suffix, size);
    CHECK_THROWS_AS(linesOf(planSplits(path, 1)), CorruptData);
    CHECK_THROWS_WITH(readWholeFile(path), Contains(path) && Contains("offset"));
  }
}

TEST_CASE("a damaged compressed file is corrupt data with path and offset", "[rdd][io]") {
  TempFolder folder;
  const Codec codec = GENERATE(Codec::kGzip, Codec::kZstd, Codec::kLz4);
  const std::string suffix(suffixOf(codec));
  const std::string whole = compress(codec, randomText(1'000'000, 7));
  for (const size_t place : {size_t{0}, whole.size() / 2, whole.size() - 6}) {
    std::string damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ 0x55);
    const std::string path = folder.write("a" + suffix, damaged);
    CAPTURE(suffix, place);
    CHECK_THROWS_AS(readWholeFile(path), CorruptData);
    CHECK_THROWS_WITH(linesOf(planSplits(path, 1)), Contains(path) && Contains("offset"));
  }
  const std::string garbage = folder.write("b" + suffix, compress(codec, "text\n") + "and then something else");
  CHECK_THROWS_AS(readWholeFile(garbage), CorruptData);
}

TEST_CASE("a small file that expands to one endless line stops with an error", "[rdd][io][.slow]") {
  TempFolder folder;
  auto compressor = makeCompressor(Codec::kZstd);
  Bytes out;
  const std::string zeros(64 << 20, '\0');
  for (int i = 0; i < 40; ++i) compressor->add(zeros, out);
  compressor->finish(out);
  const std::string path = folder.write("bomb.zst", std::string(out.view()));
  CHECK_THROWS_WITH(linesOf(planSplits(path, 1)), Contains(path) && Contains("not a text file"));
  CHECK_THROWS_WITH(readWholeFile(path), Contains(path) && Contains("read it with textFile"));
}

}  // namespace cerium::io
