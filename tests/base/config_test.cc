// Cerium. Licensed under the Apache License 2.0.
// Settings: the table, the checks, the notation of values, and the order of sources.
#include "base/config/config.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <set>

#include "base/config/config_keys.h"
#include "base/config/config_values.h"
#include "base/util/error.h"
#include "base/util/nearest.h"
#include "tests/support/temp_folder.h"

extern char** environ;

namespace cerium {

using Catch::Contains;
using Catch::Equals;

namespace {

/// Removes all CERIUM_* variables for a test, sets some, and restores the environment.
class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& variables = {}) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string text = *entry;
      if (text.starts_with("CERIUM_")) saved_[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
    }
    for (const auto& [name, value] : saved_) ::unsetenv(name.c_str());
    for (const auto& [name, value] : variables) set(name, value);
  }
  ~Environment() {
    for (const std::string& name : set_) ::unsetenv(name.c_str());
    for (const auto& [name, value] : saved_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  void set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
    set_.insert(name);
  }

 private:
  std::map<std::string, std::string> saved_;
  std::set<std::string> set_;
};

std::string messageOf(const std::string& key, const std::string& value) {
  Conf conf(false);
  try {
    conf.set(key, value);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a setting that was set is read back, by every getter of its type", "[base][config]") {
  Conf conf(false);
  conf.setMaster("local[4]").setAppName("word count");
  conf.set("cerium.task.maxFailures", 7).set("cerium.cores.max", int64_t{12}).set("cerium.ui.port", size_t{0});
  conf.set("cerium.speculation", false).set("cerium.memory.fraction", 0.5);
  conf.set("cerium.executor.memory", "2g").set("cerium.network.timeout", std::string("30s"));

  CHECK(conf.get("cerium.master") == "local[4]");
  CHECK(conf.getString("cerium.app.name") == "word count");
  CHECK(conf.getInt("cerium.task.maxFailures") == 7);
  CHECK(conf.getInt("cerium.cores.max") == 12);
  CHECK(conf.getInt("cerium.ui.port") == 0);
  CHECK_FALSE(conf.getBool("cerium.speculation"));
  CHECK(conf.get("cerium.speculation") == "false");
  CHECK(conf.getDouble("cerium.memory.fraction") == 0.5);
  CHECK(conf.getSize("cerium.executor.memory") == int64_t{2} << 30);
  CHECK(conf.getDuration("cerium.network.timeout").count() == 30'000);
  CHECK(conf.origin("cerium.master") == "code");
  conf.set("cerium.task.maxFailures", 8);
  CHECK(conf.getInt("cerium.task.maxFailures") == 8);
}

TEST_CASE("a setting that was not set has its default in typed getters only", "[base][config]") {
  const Conf conf(false);
  CHECK(conf.getString("cerium.master") == "local[*]");
  CHECK(conf.getInt("cerium.task.maxFailures") == 4);
  CHECK(conf.getBool("cerium.speculation"));
  CHECK(conf.getDouble("cerium.speculation.multiplier") == 3.0);
  CHECK(conf.getSize("cerium.executor.memory") == int64_t{1} << 30);
  CHECK(conf.getDuration("cerium.speculation.minTaskRuntime") == Milliseconds{1'000});
  CHECK(conf.getDuration("cerium.locality.wait") == Milliseconds{50});
  CHECK(conf.getString("cerium.driver.host").empty());

  CHECK_FALSE(conf.contains("cerium.master"));
  CHECK_FALSE(conf.getOption("cerium.master").has_value());
  CHECK(conf.get("cerium.master", "local[2]") == "local[2]");
  CHECK(conf.getAll().empty());
  CHECK(conf.origin("cerium.master") == "default");
  CHECK_THROWS_AS(conf.get("cerium.master"), InvalidArgument);
  CHECK_THROWS_WITH(conf.get("cerium.master"), Contains("cerium.master is not set") && Contains("CERIUM_MASTER"));
}

TEST_CASE("all that was set is listed by key", "[base][config]") {
  Conf conf(false);
  conf.set("cerium.ui.port", 1).set("cerium.app.name", "a").set("cerium.master", "local").set("cerium.app.name", "b");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"cerium.app.name", "b"}, {"cerium.master", "local"}, {"cerium.ui.port", "1"}};
  CHECK(conf.getAll() == expected);
  CHECK(conf.getOption("cerium.app.name") == "b");
  const Conf copy = conf;
  conf.set("cerium.app.name", "c");
  CHECK(copy.get("cerium.app.name") == "b");
}

TEST_CASE("keys of the program's own are kept", "[base][config]") {
  Conf conf(false);
  conf.set("my.own.thing", "x");
  CHECK(conf.get("my.own.thing") == "x");
  CHECK(conf.getAll() == std::vector<std::pair<std::string, std::string>>{{"my.own.thing", "x"}});
}

TEST_CASE("an unknown key is refused everywhere, with the nearest known one", "[base][config]") {
  CHECK_THAT(messageOf("cerium.executor.memroy", "2g"),
             Equals("\"cerium.executor.memroy\" is not a setting; did you mean cerium.executor.memory?"));
  CHECK_THAT(messageOf("cerium.maxFailures", "2"), Contains("did you mean cerium.task.maxFailures?"));
  CHECK_THAT(messageOf("cerium.task.maxfailures", "2"), Contains("did you mean cerium.task.maxFailures?"));
  CHECK_THAT(messageOf("spark.executor.memory", "2g"),
             Contains("begin with \"cerium.\"") && Contains("did you mean cerium.executor.memory?"));
  CHECK_THAT(messageOf("executor.memory", "2g"), Contains("did you mean cerium.executor.memory?"));
  CHECK_THAT(messageOf("", "x"), Contains("begin with"));

  const Conf conf(false);
  CHECK_THROWS_WITH(conf.get("cerium.mastr"), Contains("did you mean cerium.master?"));
  CHECK_THROWS_WITH(conf.get("cerium.mastr", "x"), Contains("did you mean cerium.master?"));
  CHECK_THROWS_WITH(conf.getOption("cerium.mastr"), Contains("did you mean cerium.master?"));
  CHECK_THROWS_WITH(conf.contains("cerium.mastr"), Contains("did you mean cerium.master?"));
  CHECK_THROWS_WITH(conf.getInt("cerium.mastr"), Contains("did you mean cerium.master?"));
}

TEST_CASE("a malformed value is refused where it is set", "[base][config]") {
  CHECK_THAT(messageOf("cerium.executor.memory", "2 GBs"),
             Equals("cerium.executor.memory: \"2 GBs\" is not a size; write a number with k, m, g or t, as in 2g"));
  CHECK_THAT(messageOf("cerium.executor.memory", ""), Contains("\"\" is not a size"));
  CHECK_THAT(messageOf("cerium.executor.memory", "1k"), Contains("is too small; the least is 1048576 bytes"));
  CHECK_THAT(messageOf("cerium.executor.memory", "-1g"), Contains("is too small"));
  CHECK_THAT(messageOf("cerium.executor.memory", "9999999999t"), Contains("is not a size"));
  CHECK_THAT(messageOf("cerium.network.timeout", "10 parsecs"), Contains("is not a duration") && Contains("as in 30s"));
  CHECK_THAT(messageOf("cerium.network.timeout", "0"), Contains("is too small; the least is 1 ms"));
  CHECK_THAT(messageOf("cerium.task.maxFailures", "four"), Contains("\"four\" is not a whole number"));
  CHECK_THAT(messageOf("cerium.task.maxFailures", "4.5"), Contains("is not a whole number"));
  CHECK_THAT(messageOf("cerium.task.maxFailures", "0"), Contains("is too small; the least is 1"));
  CHECK_THAT(messageOf("cerium.task.maxFailures", "99999999999"), Contains("is too large; the most is 2147483647"));
  CHECK_THAT(messageOf("cerium.ui.port", "65536"), Contains("the most is 65535"));
  CHECK_THAT(messageOf("cerium.speculation", "yes"), Contains("write true or false"));
  CHECK_THAT(messageOf("cerium.memory.fraction", "1.5"), Contains("is too large; the most is 1"));
  CHECK_THAT(messageOf("cerium.memory.fraction", "nan"), Contains("is not a number"));
  CHECK_THAT(messageOf("cerium.scheduler.mode", "LIFO"), Contains("\"LIFO\" is not one of FIFO|FAIR"));
  CHECK_THAT(messageOf("cerium.master", "locl[4]"), Contains("did you mean local[4]?"));

  Conf conf(false);
  conf.set("cerium.executor.cores", 3);
  CHECK_THROWS_AS(conf.set("cerium.executor.cores", -1), InvalidArgument);
  CHECK(conf.getInt("cerium.executor.cores") == 3);
}

TEST_CASE("values are kept in one spelling", "[base][config]") {
  Conf conf(false);
  CHECK(conf.set("cerium.scheduler.mode", " fair ").get("cerium.scheduler.mode") == "FAIR");
  CHECK(conf.set("cerium.submit.deployMode", "Cluster").get("cerium.submit.deployMode") == "cluster");
  CHECK(conf.set("cerium.speculation", "TRUE").get("cerium.speculation") == "true");
  CHECK(conf.set("cerium.ui.showConsoleProgress", false).get("cerium.ui.showConsoleProgress") == "false");
}

TEST_CASE("a getter of the wrong type is refused", "[base][config]") {
  const Conf conf(false);
  CHECK_THROWS_AS(conf.getInt("cerium.executor.memory"), InvalidArgument);
  CHECK_THROWS_AS(conf.getSize("cerium.executor.cores"), InvalidArgument);
  CHECK_THROWS_AS(conf.getBool("cerium.app.name"), InvalidArgument);
  CHECK_THROWS_WITH(conf.getDuration("cerium.task.cpus"), Contains("cerium.task.cpus"));
  CHECK(conf.getDouble("cerium.task.cpus") == 1.0);
}

TEST_CASE("sizes and durations are written as in Spark", "[base][config]") {
  const int64_t kMiB = 1 << 20;
  CHECK(parseSize("10", 1) == 10);
  CHECK(parseSize("10", kMiB) == 10 * kMiB);
  CHECK(parseSize("10b", kMiB) == 10);
  CHECK(parseSize("3k", 1) == 3 << 10);
  CHECK(parseSize(" 3KB ", 1) == 3 << 10);
  CHECK(parseSize("5m", 1) == 5 * kMiB);
  CHECK(parseSize("5Mb", 1) == 5 * kMiB);
  CHECK(parseSize("2g", 1) == int64_t{2} << 30);
  CHECK(parseSize("2GB", 1) == int64_t{2} << 30);
  CHECK(parseSize("1t", 1) == int64_t{1} << 40);
  CHECK(parseSize("1TB", 1) == int64_t{1} << 40);
  for (const char* bad : {"", "g", "1.5g", "2 g", "2gg", "1x", "--1", "0x10", "9223372036854775808", "9000000t"}) {
    CAPTURE(bad);
    CHECK_FALSE(parseSize(bad, 1).has_value());
  }

  CHECK(parseDurationMs("10", 1) == 10);
  CHECK(parseDurationMs("10", 1'000) == 10'000);
  CHECK(parseDurationMs("100ms", 1'000) == 100);
  CHECK(parseDurationMs("30s", 1) == 30'000);
  CHECK(parseDurationMs("5m", 1) == 300'000);
  CHECK(parseDurationMs("5MIN", 1) == 300'000);
  CHECK(parseDurationMs("1h", 1) == 3'600'000);
  CHECK(parseDurationMs("2d", 1) == 172'800'000);
  CHECK(parseDurationMs("2000us", 1) == 2);
  CHECK(parseDurationMs("1us", 1) == 1);
  for (const char* bad : {"", "s", "1.5s", "10 s", "10sec", "1w", "99999999999999d"}) {
    CAPTURE(bad);
    CHECK_FALSE(parseDurationMs(bad, 1).has_value());
  }
}

TEST_CASE("plain numbers of sizes and durations have Spark's units", "[base][config]") {
  Conf conf(false);
  CHECK(conf.set("cerium.executor.memory", 512).getSize("cerium.executor.memory") == 512 << 20);
  CHECK(conf.set("cerium.driver.maxResultSize", 512).getSize("cerium.driver.maxResultSize") == 512);
  CHECK(conf.set("cerium.broadcast.blockSize", 64).getSize("cerium.broadcast.blockSize") == 64 << 10);
  CHECK(conf.set("cerium.network.timeout", 5).getDuration("cerium.network.timeout").count() == 5'000);
  CHECK(conf.set("cerium.locality.wait", 5).getDuration("cerium.locality.wait").count() == 5);
}

TEST_CASE("the table of settings is sorted, documented and its defaults are allowed", "[base][config]") {
  std::set<std::string> variables;
  std::string_view before;
  for (const ConfigKey& key : configKeys()) {
    CAPTURE(std::string(key.name));
    CHECK(before < key.name);
    before = key.name;
    CHECK(key.name.starts_with("cerium."));
    CHECK(key.doc.ends_with("."));
    CHECK(variables.insert(environmentName(key.name)).second);
    const bool text = key.type == ConfigType::kString;
    if (!text) CHECK(checkedConfigValue(key, key.default_value) == key.default_value);
  }
  for (const char* reserved : {"CERIUM_HOME", "CERIUM_CONF_DIR", "CERIUM_SUBMIT_CONF"})
    CHECK(variables.count(reserved) == 0);
  CHECK(environmentName("cerium.master") == "CERIUM_MASTER");
  CHECK(environmentName("cerium.task.maxFailures") == "CERIUM_TASK_MAX_FAILURES");
  CHECK(environmentName("cerium.rdd.limit.initialNumPartitions") == "CERIUM_RDD_LIMIT_INITIAL_NUM_PARTITIONS");
}

TEST_CASE("code beats submit flags, they beat the environment, it beats the file, that beats the default",
          "[base][config]") {
  testing::TempFolder folder;
  const std::string file = folder.write("cerium-defaults.conf",
                                        "# a comment\n"
                                        "\n"
                                        "cerium.app.name      from file\n"
                                        "cerium.executor.memory=2g\r\n"
                                        "cerium.executor.cores: 2\n"
                                        "  cerium.task.cpus = 2  \n"
                                        "cerium.local.dir /a=b:c");
  Environment environment({{"CERIUM_CONF_DIR", folder.path()},
                           {"CERIUM_EXECUTOR_MEMORY", "3g"},
                           {"CERIUM_EXECUTOR_CORES", "3"},
                           {"CERIUM_TASK_CPUS", "3"},
                           {"CERIUM_UI_PORT", ""},
                           {"CERIUM_NO_SUCH_SETTING", "x"},
                           {"CERIUM_WORKER_MEMORY", "x"},
                           {"CERIUM_WEB_PORT", "x"},
                           {"CERIUM_IMAGE", "x"},
                           {"CERIUM_SUBMIT_CONF", "cerium.executor.cores=4\ncerium.task.cpus=4\n"}});
  Conf conf;
  conf.set("cerium.task.cpus", 5);

  CHECK(conf.get("cerium.app.name") == "from file");
  CHECK(conf.origin("cerium.app.name") == file + ":3");
  CHECK(conf.get("cerium.local.dir") == "/a=b:c");
  CHECK(conf.get("cerium.executor.memory") == "3g");
  CHECK(conf.origin("cerium.executor.memory") == "environment variable CERIUM_EXECUTOR_MEMORY");
  CHECK(conf.getInt("cerium.executor.cores") == 4);
  CHECK(conf.origin("cerium.executor.cores") == "submit flags");
  CHECK(conf.getInt("cerium.task.cpus") == 5);
  CHECK(conf.origin("cerium.task.cpus") == "code");
  CHECK(conf.origin("cerium.ui.port") == "default");
  CHECK(conf.getAll().size() == 5);
  CHECK(Conf(false).getAll().empty());
}

TEST_CASE("every setting can be given by its variable", "[base][config]") {
  for (const ConfigKey& key : configKeys()) {
    const std::string value = key.type == ConfigType::kString ? "x" : std::string(key.default_value);
    Environment environment;
    environment.set(environmentName(key.name), value);
    CAPTURE(std::string(key.name));
    CHECK(Conf().get(key.name) == value);
  }
}

TEST_CASE("the file is looked for in the configuration folder, else in the home's, and may be missing",
          "[base][config]") {
  testing::TempFolder folder;
  folder.write("home/conf/cerium-defaults.conf", "cerium.app.name home");
  folder.write("conf/cerium-defaults.conf", "cerium.app.name conf");
  Environment environment;
  CHECK(Conf().getAll().empty());
  environment.set("CERIUM_HOME", folder / "home");
  CHECK(Conf().get("cerium.app.name") == "home");
  environment.set("CERIUM_CONF_DIR", folder / "conf");
  CHECK(Conf().get("cerium.app.name") == "conf");
  environment.set("CERIUM_CONF_DIR", folder / "empty");
  CHECK(Conf().getAll().empty());
}

TEST_CASE("a bad setting outside the program is refused with its place", "[base][config]") {
  testing::TempFolder folder;
  Environment environment;
  SECTION("in the environment") {
    environment.set("CERIUM_EXECUTOR_CORES", "many");
    CHECK_THROWS_WITH(Conf(), Contains("environment variable CERIUM_EXECUTOR_CORES") && Contains("\"many\""));
  }
  SECTION("in a misspelt variable") {
    environment.set("CERIUM_EXECUTR_MEMORY", "2g");
    CHECK_THROWS_AS(Conf(), InvalidArgument);
    CHECK_THROWS_WITH(Conf(), Contains("CERIUM_EXECUTR_MEMORY") && Contains("did you mean CERIUM_EXECUTOR_MEMORY?"));
  }
  SECTION("in the submit flags") {
    environment.set("CERIUM_SUBMIT_CONF", "cerium.executor.core=1");
    CHECK_THROWS_WITH(Conf(), Contains("submit flags: ") && Contains("did you mean cerium.executor.cores?"));
  }
  SECTION("in the file") {
    environment.set("CERIUM_CONF_DIR", folder.path());
    const std::string file = folder.write("cerium-defaults.conf", "\ncerium.executor.memory 2 GBs\n");
    CHECK_THROWS_AS(Conf(), InvalidArgument);
    CHECK_THROWS_WITH(Conf(), Contains(file + ":2: cerium.executor.memory: \"2 GBs\" is not a size"));
    folder.write("cerium-defaults.conf", "= 3");
    CHECK_THROWS_WITH(Conf(), Contains(file + ":1") && Contains("has no key"));
  }
  SECTION("in a file that is none") {
    environment.set("CERIUM_CONF_DIR", folder.path());
    std::filesystem::create_directory(folder / "cerium-defaults.conf");
    CHECK_THROWS_AS(Conf(), IoError);
    CHECK_THROWS_WITH(Conf(), Contains(folder / "cerium-defaults.conf") && Contains("Is a directory"));
  }
}

TEST_CASE("the edit distance counts letters inserted, removed and replaced", "[base]") {
  CHECK(editDistance("", "") == 0);
  CHECK(editDistance("abc", "") == 3);
  CHECK(editDistance("", "abc") == 3);
  CHECK(editDistance("kitten", "sitting") == 3);
  CHECK(editDistance("ABC", "abc") == 0);
  CHECK(editDistance("flaw", "lawn") == 2);
  constexpr std::string_view kWords[] = {"local", "cerium", "loca"};
  CHECK(nearestWord("ceruim", kWords) == "cerium");
  CHECK(nearestWord("local", kWords) == "local");
  CHECK(nearestWord("x", {}).empty());
}

}  // namespace cerium
