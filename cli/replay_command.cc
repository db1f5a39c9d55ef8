// Cerium. Licensed under the Apache License 2.0.
// `cerium replay`: gives the inputs that a driver recorded to a scheduler, to find what is wrong with the scheduler.
// For Cerium's developers: the list of commands does not show it.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "base/util/exception_text.h"
#include "cli/commands.h"
#include "driver/context.h"
#include "driver/replay/replay.h"
#include "rdd/io/text_files.h"

namespace cerium::cli {
namespace {

struct Wishes {
  std::string path;
  bool check = false;
};

/// Replays the log to its end. Throws what the replay or the scheduler throws, with the place.
void replayAll(replay::Replay& replay, bool check) {
  while (replay.step()) {
    if (!check) continue;
    const std::string wrong = replay.scheduler().checkInvariants();
    if (!wrong.empty()) throw Error("the scheduler's invariants do not hold: " + wrong);
  }
}

/// Returns the exit status.
int replayFile(const Wishes& wishes) {
  const std::string log = io::readWholeFile(wishes.path);
  std::optional<replay::Replay> replay;
  const auto thrown = guarded([&] {
    replay.emplace(log, Context::version());
    replayAll(*replay, wishes.check);
  });
  if (thrown) {
    std::cout << fmt::format("{}: {}: {}\n", wishes.path, replay ? replay->where() : "before the first input",
                             thrown->str());
    return 1;
  }
  std::cout << fmt::format("{} inputs give the instructions that were recorded; the last one is {}\n", replay->inputs(),
                           replay->where());
  return 0;
}

}  // namespace

void addReplayCommand(CLI::App& app, int& exit_status) {
  auto wishes = std::make_shared<Wishes>();
  CLI::App* command = app.add_subcommand("replay", "give the inputs that a driver recorded to a scheduler");
  command->group("");
  command->add_option("FILE", wishes->path, "what cerium.scheduler.log, or a driver after an internal error, wrote")
      ->required();
  command->add_flag("--check", wishes->check, "check the scheduler's invariants after each input; slow");
  command->callback([wishes, &exit_status] { exit_status = replayFile(*wishes); });
}

}  // namespace cerium::cli
