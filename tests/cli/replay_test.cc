// Cerium. Licensed under the Apache License 2.0.
// `cerium replay`.
#include <catch2/catch.hpp>

#include "driver/context.h"
#include "driver/replay/input_log.h"
#include "tests/support/command.h"

namespace cerium {
namespace {

/// A recorded executor that came, and a tick; `then` is what the recorded scheduler made of the first.
std::string record(const testing::TempFolder& folder, const out::Instructions& then) {
  std::string path = folder / "inputs";
  const auto log = replay::InputLog::toFile(path, {}, Context::version());
  const in::ExecutorAdded added{.executor = ExecutorId(0), .host = "here", .cores = 1};
  log->record(added, 0);
  log->gave(then);
  log->record(in::Tick{}, 2'500);
  log->flush();
  return path;
}

}  // namespace

TEST_CASE("cerium replay says whether a record gives the same instructions again", "[cli]") {
  testing::Command command("replay");
  Scheduler scheduler{{}};
  const std::string good = record(
      command.folder, scheduler.handle(in::ExecutorAdded{.executor = ExecutorId(0), .host = "here", .cores = 1}, 0));
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{good}, {good, "--check"}}) {
    const auto result = command.run(arguments);
    CHECK(result.status == 0);
    CHECK(result.out ==
          "2 inputs give the instructions that were recorded; the last one is input 2 (Tick), 2.500 s "
          "after the first\n");
  }
  const auto different = command.run({record(command.folder, {out::DropRdd{RddId(3)}})});
  CHECK(different.status == 1);
  CHECK_THAT(different.out, Catch::Contains("input 1 (ExecutorAdded)") && Catch::Contains("other instructions"));
}

TEST_CASE("cerium replay refuses a file that is no record or is cut", "[cli]") {
  testing::Command command("replay");
  const auto no_record = command.run({command.folder.write("text", "once upon a time")});
  CHECK(no_record.status == 1);
  CHECK_THAT(no_record.out, Catch::Contains("/text: ") && Catch::Contains("no record"));
  const std::string log = testing::contentsOf(record(command.folder, {}));
  const auto cut = command.run({command.folder.write("cut", log.substr(0, log.size() - 3))});
  CHECK(cut.status == 1);
  CHECK_THAT(cut.out, Catch::Contains("damaged or cut"));
  CHECK_THAT(command.run({"/no/such/file"}).err, Catch::Contains("/no/such/file"));
}

TEST_CASE("cerium help does not list replay", "[cli]") {
  CHECK_THAT(testing::Command("help").run({}).out, !Catch::Contains("replay"));
}

}  // namespace cerium
