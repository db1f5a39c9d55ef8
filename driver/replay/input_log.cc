// Cerium. Licensed under the Apache License 2.0.
#include "driver/replay/input_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>

#include "base/util/exception_text.h"
#include "base/util/hash.h"
#include "base/util/log.h"
#include "driver/replay/fields.h"

namespace cerium::replay {
namespace {

constexpr size_t kBlockBytes = 64 << 10;

uint64_t named(const out::Launch& launch) {
  uint64_t all = static_cast<uint64_t>(launch.executor.value);
  for (const out::LaunchedTask& task : launch.tasks) all = all * 31 + static_cast<uint64_t>(task.task.value);
  return all;
}
uint64_t named(const out::KillTask& kill) { return static_cast<uint64_t>(kill.task.value); }
uint64_t named(const out::Deliver& deliver) { return static_cast<uint64_t>(deliver.task.value); }
uint64_t named(const out::EndJob& end) { return static_cast<uint64_t>(end.job.value) * 2 + (end.failure ? 1 : 0); }
uint64_t named(const out::AddStage& add) { return static_cast<uint64_t>(add.stage.value); }
uint64_t named(const out::DropStage& drop) { return static_cast<uint64_t>(drop.stage.value); }
template <class Other>
uint64_t named(const Other&) {
  return 0;
}

}  // namespace

uint32_t digestOf(const out::Instructions& instructions) {
  uint64_t digest = 0;
  for (const out::Instruction& each : instructions)
    digest = keys::combine(digest, each.index() + 100 * std::visit([](const auto& one) { return named(one); }, each));
  return static_cast<uint32_t>(digest);
}

std::unique_ptr<InputLog> InputLog::toFile(const std::string& path, const Scheduler::Options& options,
                                           const std::string& version) {
  std::unique_ptr<InputLog> log(new InputLog(path, 0));
  log->openFile();
  log->begin(options, version);
  return log;
}

std::unique_ptr<InputLog> InputLog::inMemory(size_t max_bytes, const std::string& path,
                                             const Scheduler::Options& options, const std::string& version) {
  std::unique_ptr<InputLog> log(new InputLog(path, max_bytes));
  log->begin(options, version);
  return log;
}

void InputLog::begin(const Scheduler::Options& options, const std::string& version) {
  Writer(done_).raw(kHead.data(), kHead.size());
  Writer(done_).text(version);
  FieldWriter(block_).put(options);
}

void InputLog::openFile() {
  file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file_.isOpen())
    throw IoError(fmt::format("{}: the scheduler's inputs cannot be recorded there: {} (see cerium.scheduler.log)",
                              path_, std::strerror(errno)));
}

void InputLog::record(const in::Event& event, Millis now) {
  if (!given_up_.empty()) return;
  const auto thrown = guarded([&] { append(event, now); });
  if (thrown) giveUp("an input cannot be described: " + thrown->str());
}

void InputLog::append(const in::Event& event, Millis now) {
  if (const auto change = lineage_.changes()) {
    head(kLineageChanged, now);
    FieldWriter(block_).put(*change);
  }
  if (const auto* submitted = std::get_if<in::JobSubmitted>(&event)) {
    const auto lineage = lineage_.describe(submitted->spec.node);
    head(kLineageChanged, now);
    FieldWriter(block_).put(lineage);
  }
  head(event.index(), now);
  FieldWriter out(block_);
  std::visit([&](const auto& each) { out.put(each); }, event);
  if (block_.size() >= kBlockBytes || (max_bytes_ == 0 && std::holds_alternative<in::Tick>(event))) flush();
}

void InputLog::head(size_t kind, Millis now) {
  Writer out(block_);
  out.put(std::exchange(digest_, 0));
  FieldWriter(block_).put(now - std::exchange(last_, now));
  out.put(static_cast<uint8_t>(kind));
}

void InputLog::endBlock() {
  if (block_.empty()) return;
  Writer out(done_);
  out.put(static_cast<uint32_t>(block_.size()));
  out.put(hashBytes(block_.data(), block_.size()));
  out.raw(block_.data(), block_.size());
  block_.clear();
}

void InputLog::flush() {
  if (!given_up_.empty()) return;
  endBlock();
  if (!file_.isOpen()) {
    if (done_.size() > max_bytes_) {
      giveUp(
          fmt::format("they take more than {} MiB; cerium.scheduler.log=FILE records all of them", max_bytes_ >> 20));
    }
    return;
  }
  const int error = writeAll(file_.get(), done_.view());
  done_.clear();
  if (error == 0) return;
  giveUp(fmt::format("{}: {}", path_, std::strerror(error)));
  log::warn("the scheduler's inputs are not recorded any more: {}", given_up_);
}

void InputLog::giveUp(std::string why) {
  given_up_ = std::move(why);
  done_ = {};
  block_ = {};
  lineage_ = {};
}

std::string InputLog::save() {
  try {
    if (given_up_.empty() && !file_.isOpen()) {
      std::filesystem::create_directories(std::filesystem::path(path_).parent_path());
      openFile();
    }
    flush();
  } catch (const std::exception& e) {
    giveUp(e.what());
  }
  if (!given_up_.empty()) return "the scheduler's inputs were not recorded: " + given_up_;
  return fmt::format("the scheduler's inputs are in {0}; \"cerium replay {0}\" replays them", path_);
}

}  // namespace cerium::replay
