// Cerium. Licensed under the Apache License 2.0.
// Disk space without a name: written bytes come back, damage is noticed, a full or missing folder is named.
#include "base/storage/spill_space.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <random>

#include "base/util/error.h"
#include "tests/support/damage.h"
#include "tests/support/temp_folder.h"

namespace cerium {
namespace {

using testing::openFileIn;
using testing::TempFolder;

std::string randomText(size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

size_t filesIn(const std::string& folder) {
  const std::filesystem::directory_iterator all(folder);
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

TEST_CASE("spilled bytes come back, compressed or not", "[base][spill]") {
  TempFolder folder;
  SpillSpace space({folder.path()});
  const auto text = GENERATE(std::string(), std::string("x"), std::string(100'000, 'a'), randomText(100'000, 1),
                             std::string(1023, 'b'), std::string(1024, 'b'));
  const Extent extent = space.write(text);
  CHECK(space.read(extent).view() == text);
  CHECK(extent.size == text.size());
  CHECK(space.bytesInUse() == extent.stored);
  if (text.size() == 100'000 && text[0] == 'a' && text[1] == 'a') CHECK(extent.stored < 1000);
  space.free(extent);
  CHECK(space.bytesInUse() == 0);
  CHECK(space.bytesWritten() == extent.stored);
}

TEST_CASE("spilled files have no name, so that none is ever left behind", "[base][spill]") {
  TempFolder folder;
  SpillSpace space({folder.path()});
  const Extent extent = space.write(randomText(5000, 2));
  CHECK(extent.stored == 5000);
  CHECK(filesIn(folder.path()) == 0);
}

TEST_CASE("a bit that changed on the disk is corrupt data, and the folder is named", "[base][spill]") {
  TempFolder folder;
  SpillSpace space({folder.path()});
  const Extent good = space.write(randomText(4096, 3));
  const auto text = GENERATE(randomText(50'000, 4), std::string(50'000, 'z'));  // stored uncompressed, and compressed
  const Extent bad = space.write(text);
  const std::string path = openFileIn(folder.path());
  REQUIRE_FALSE(path.empty());
  const int fd = ::open(path.c_str(), O_RDWR);
  REQUIRE(fd >= 0);
  char byte = 0;
  const auto place = static_cast<off_t>(bad.offset + bad.stored / 2);
  REQUIRE(::pread(fd, &byte, 1, place) == 1);
  byte = static_cast<char>(byte ^ 1);
  REQUIRE(::pwrite(fd, &byte, 1, place) == 1);
  ::close(fd);
  CHECK_THROWS_AS(space.read(bad), CorruptData);
  CHECK_THROWS_WITH(space.read(bad), Catch::Contains(folder.path()));
  CHECK(space.read(good).view() == randomText(4096, 3));
}

TEST_CASE("bytes that were damaged before they were written are found when they are read", "[base][spill]") {
  TempFolder folder;
  SpillSpace space({folder.path()});
  std::string text = GENERATE(randomText(50'000, 4), std::string(50'000, 'z'));
  const uint64_t checksum = hashBytes(text.data(), text.size());
  CHECK(space.read(space.write(text, checksum)).view() == text);
  text[20'000] = static_cast<char>(text[20'000] ^ 1);
  const Extent bad = space.write(text, checksum);
  CHECK_THROWS_AS(space.read(bad), CorruptData);
}

TEST_CASE("a file that was cut short is an error of the disk", "[base][spill]") {
  TempFolder folder;
  SpillSpace space({folder.path()});
  const Extent extent = space.write(randomText(4096, 5));
  REQUIRE(::truncate(openFileIn(folder.path()).c_str(), 100) == 0);
  CHECK_THROWS_AS(space.read(extent), IoError);
}

TEST_CASE("freeing an extent gives its blocks back and leaves the others", "[base][spill]") {
  TempFolder folder;
  auto space = std::make_shared<SpillSpace>(std::vector<std::string>{folder.path()});
  auto first = spill(space, randomText(1 << 20, 6));
  auto second = spill(space, randomText(1 << 20, 7));
  CHECK(space->bytesInUse() == 2 << 20);
  first.reset();
  CHECK(space->bytesInUse() == 1 << 20);
  CHECK(second->read().view() == randomText(1 << 20, 7));
}

TEST_CASE("the next folder is used if one is missing", "[base][spill]") {
  TempFolder folder;
  SpillSpace space({folder / "missing", folder.path()});
  const Extent extent = space.write("some bytes");
  CHECK(extent.file == 1);
  CHECK(space.read(extent).view() == "some bytes");
}

TEST_CASE("if no folder takes the bytes, the error names folders, size and setting", "[base][spill]") {
  TempFolder folder;
  SpillSpace space({folder / "one", folder / "two"});
  CHECK_THROWS_AS(space.write("0123456789"), IoError);
  CHECK_THROWS_WITH(space.write("0123456789"), Catch::Contains(folder / "one") && Catch::Contains(folder / "two") &&
                                                   Catch::Contains("10 bytes") && Catch::Contains("No such file") &&
                                                   Catch::Contains("cerium.local.dir"));
}

TEST_CASE("a full disk is an error that keeps earlier data and the free space", "[base][spill]") {
  TempFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    WARN("skipped: mounting a small file system needs root");
    return;
  }
  {
    SpillSpace space({folder.path()});
    const Extent before = space.write(randomText(300'000, 8));
    CHECK_THROWS_AS(space.write(randomText(4 << 20, 9)), IoError);
    CHECK_THROWS_WITH(space.write(randomText(4 << 20, 9)), Catch::Contains("No space left"));
    CHECK(space.read(before).view() == randomText(300'000, 8));
    CHECK(space.bytesInUse() == 300'000);
    CHECK_NOTHROW(space.write(randomText(300'000, 10)));
  }
  ::umount(folder.path().c_str());
}

}  // namespace cerium
