// Cerium. Licensed under the Apache License 2.0.
// Files in and out through a Context: text, whole files, fixed-length and encoded records, and pipes through programs.
#include <filesystem>

#include "tests/support/each_master.h"
#include "tests/support/temp_folder.h"

namespace cerium {

using Catch::Contains;
using testing::contentsOf;
using testing::numbers;
using testing::onEachMaster;
using testing::sorted;
using testing::TempFolder;
using Ints = std::vector<int>;
using Texts = std::vector<std::string>;

namespace {

struct Visit {
  std::string page;
  double seconds = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(page, seconds);
  }
  friend bool operator==(const Visit&, const Visit&) = default;
};

}  // namespace

TEST_CASE("textFile reads the lines of a file, a folder, a glob and a list", "[rdd]") {
  TempFolder folder;
  folder.write("logs/a.txt", "one\ntwo\n");
  folder.write("logs/b.txt", "three");
  onEachMaster([&folder](Context& sc) {
    CHECK(sc.textFile(folder / "logs/a.txt").collect() == Texts{"one", "two"});
    CHECK(sorted(sc.textFile(folder / "logs").collect()) == Texts{"one", "three", "two"});
    CHECK(sc.textFile(folder / "logs/*.txt").count() == 3);
    CHECK(sc.textFile(folder / "logs/b.txt" + "," + folder / "logs/a.txt").count() == 3);
    CHECK(sc.textFile(folder / "logs/a.txt", 2).getNumPartitions() >= 2);
    CHECK(sorted(sc.textFile(folder / "logs/a.txt", 5).collect()) == Texts{"one", "two"});
    CHECK_THROWS_AS(sc.textFile(folder / "missing"), IoError);
    CHECK_THROWS_WITH(sc.textFile(folder / "missing"), Contains(folder / "missing"));
    auto files = sc.wholeTextFiles(folder / "logs", 2).collectAsMap();
    CHECK(files.size() == 2);
    CHECK(files.begin()->second.size() >= 5);
    CHECK(sorted(sc.binaryFiles(folder / "logs").values().collect()) == Texts{"one\ntwo\n", "three"});
  });
}

TEST_CASE("lines are found whole however a file is cut", "[rdd]") {
  TempFolder folder;
  std::string text;
  int64_t bytes = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string line(static_cast<size_t>((i * 37) % 91), static_cast<char>('a' + i % 26));
    text += line + '\n';
    bytes += static_cast<int64_t>(line.size());
  }
  folder.write("lines", text);
  onEachMaster([&](Context& sc) {
    for (int partitions : {1, 3, 17, 100}) {
      auto lines = sc.textFile(folder / "lines", partitions);
      CHECK(lines.count() == 2000);
      CHECK(lines.map([](const std::string& line) { return static_cast<int64_t>(line.size()); }).sum() == bytes);
    }
  });
}

TEST_CASE("saveAsTextFile writes one line a record, marks success, and refuses a folder that exists", "[rdd]") {
  TempFolder folder;
  onEachMaster([&folder](Context& sc) {
    const std::string out = folder / sc.applicationId();
    auto rdd = sc.parallelize(numbers(0, 10), 3);
    rdd.saveAsTextFile(out);
    CHECK(contentsOf(out + "/part-00000") == "0\n1\n2\n");
    CHECK(contentsOf(out + "/part-00002") == "6\n7\n8\n9\n");
    CHECK(std::filesystem::exists(out + "/_SUCCESS"));
    CHECK(sc.textFile(out).count() == 10);
    CHECK_THROWS_AS(rdd.saveAsTextFile(out), IoError);
    CHECK_THROWS_WITH(rdd.saveAsTextFile(out), Contains(out));
    for (const char* codec : {"gz", "zst", "lz4"}) {
      rdd.map([](int x) { return std::pair(x, std::optional<double>(x / 2.0)); }).saveAsTextFile(out + codec, codec);
      CHECK(std::filesystem::exists(out + codec + "/part-00000." + codec));
      CHECK(sc.textFile(out + codec).filter([](const std::string& line) { return line == "(3,Some(1.5))"; }).count() ==
            1);
    }
  });
}

TEST_CASE("a job that fails leaves no mark of success", "[rdd]") {
  TempFolder folder;
  onEachMaster([&folder](Context& sc) {
    const std::string out = folder / sc.applicationId();
    auto rdd = sc.parallelize(numbers(0, 10), 3).map([](int x) {
      if (x == 7) throw std::runtime_error("seven");
      return x;
    });
    CHECK_THROWS_AS(rdd.saveAsTextFile(out), JobFailed);
    CHECK_FALSE(std::filesystem::exists(out + "/_SUCCESS"));
    CHECK_FALSE(std::filesystem::exists(out + "/part-00002"));
  });
}

TEST_CASE("object files give back the records that were saved", "[rdd]") {
  TempFolder folder;
  onEachMaster([&folder](Context& sc) {
    const std::string out = folder / sc.applicationId();
    const std::vector<Visit> visits = {{"/", 1.5}, {"/a", 0}, {"", -2}};
    sc.parallelize(visits, 2).saveAsObjectFile(out);
    CHECK(std::filesystem::exists(out + "/_SUCCESS"));
    auto loaded = sc.objectFile<Visit>(out);
    CHECK(loaded.getNumPartitions() == 2);
    CHECK(loaded.collect() == visits);
    CHECK_THROWS_AS(sc.parallelize(visits, 2).saveAsObjectFile(out), IoError);
    CHECK_THROWS_AS(sc.objectFile<Visit>(folder / "missing"), IoError);
    sc.range(0, 100'000, 1, 3)
        .map([](int64_t x) { return std::vector<int64_t>(static_cast<size_t>(x % 4), x); })
        .saveAsObjectFile(out + "v");
    CHECK(sc.objectFile<std::vector<int64_t>>(out + "v")
              .map([](const std::vector<int64_t>& v) { return v.size(); })
              .sum() == 150'000);
  });
}

TEST_CASE("binaryRecords cuts files into records of a length", "[rdd]") {
  TempFolder folder;
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += std::to_string(1000 + i);
  folder.write("records", bytes);
  onEachMaster([&folder](Context& sc) {
    auto records = sc.binaryRecords(folder / "records", 4);
    CHECK(records.count() == 1000);
    CHECK(sorted(records.collect()).back() == "1999");
    CHECK(records.map([](const std::string& r) { return std::stoi(r); }).sum() == 1'499'500);
    CHECK_THROWS_AS(sc.binaryRecords(folder / "records", 3), IoError);
    CHECK_THROWS_AS(sc.binaryRecords(folder / "records", 0), InvalidArgument);
  });
}

TEST_CASE("pipe sends a partition through a program", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 1000), 4);
    CHECK(rdd.pipe("cat").map([](const std::string& line) { return std::stoi(line); }).collect() == numbers(0, 1000));
    CHECK(rdd.pipe("wc -l").map([](const std::string& line) { return std::stoi(line); }).collect() ==
          Ints{250, 250, 250, 250});
    CHECK(rdd.pipe(Texts{"sed", "-e", "s/9/nine/"})
              .filter([](const std::string& line) { return line == "nine9"; })
              .count() == 1);
    CHECK(sc.parallelize({1}, 1).pipe("echo $COLOUR", {{"COLOUR", "green"}}).collect() == Texts{"green"});
    // A program that does not read its input, and one without input.
    CHECK(rdd.pipe("true").count() == 0);
    CHECK(sc.parallelize(Texts{}, 2).pipe("echo x").collect() == Texts{"x", "x"});
  });
}

TEST_CASE("a program that fails, fails the task with the end of its stderr", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize({1, 2}, 2);
    CHECK_THROWS_AS(rdd.pipe("exit 3").count(), JobFailed);
    CHECK_THROWS_WITH(rdd.pipe("echo it broke >&2; exit 3").count(), Contains("3") && Contains("it broke"));
    CHECK_THROWS_WITH(rdd.pipe(Texts{"/no/such/program"}).count(), Contains("/no/such/program"));
  });
}

TEST_CASE("a pipe of much data in both directions does not stall", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto lines = sc.range(0, 60'000, 1, 2).map([](int64_t x) { return std::to_string(x) + std::string(100, '.'); });
    CHECK(lines.pipe("cat").count() == 60'000);
    CHECK(lines.pipe("head -n 3").count() == 6);
  });
}

}  // namespace cerium
