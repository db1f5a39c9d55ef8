// Cerium. Licensed under the Apache License 2.0.
#include "driver/replay/replay.h"

#include <fmt/format.h>

#include <typeinfo>
#include <utility>

#include "base/util/exception_text.h"
#include "base/util/hash.h"
#include "driver/replay/fields.h"
#include "driver/replay/input_log.h"

namespace cerium::replay {
namespace {

template <size_t... Kind>
in::Event readEvent(FieldReader& in, size_t kind, std::index_sequence<Kind...>) {
  using Read = in::Event (*)(FieldReader&);
  static constexpr Read kRead[] = {
      [](FieldReader& fields) -> in::Event { return fields.get<std::variant_alternative_t<Kind, in::Event>>(); }...};
  return kRead[kind](in);
}

/// "TasksEnded".
std::string nameOf(const in::Event& event) {
  const auto name = std::visit([](const auto& each) { return demangled(typeid(each).name()); }, event);
  return name.substr(name.rfind(':') + 1);
}

template <size_t... Kind>
std::string nameOfKind(size_t kind, std::index_sequence<Kind...>) {
  std::string name = "no input";
  ((Kind == kind ? (void)(name = nameOf(std::variant_alternative_t<Kind, in::Event>())) : (void)0), ...);
  return name;
}

constexpr auto kKinds = std::make_index_sequence<std::variant_size_v<in::Event>>();

}  // namespace

struct Replay::Block {
  FieldReader fields;
};

Replay::Replay(std::string_view log, const std::string& version) : log_(log) {
  checkHead(version);
  if (!nextBlock()) failDamaged("it has no records");
  try {
    scheduler_ = std::make_unique<Scheduler>(block_->fields.get<Scheduler::Options>());
  } catch (const CorruptData& e) {
    failDamaged(e.what());
  }
}

Replay::~Replay() = default;

void Replay::checkHead(const std::string& version) {
  if (!log_.starts_with(kHead)) throw CorruptData("this is no record of a scheduler's inputs");
  Reader in(log_.substr(kHead.size()));
  const std::string written_by(in.text());
  if (written_by != version)
    throw Error("the inputs were recorded by Cerium " + written_by + "; replay them with that, not with " + version);
  at_ = log_.size() - in.left();
}

bool Replay::nextBlock() {
  if (at_ == log_.size()) return false;
  Reader in(log_.substr(at_));
  if (in.left() < kBlockHeadBytes) failDamaged("it ends in the middle of a block's head");
  const auto size = in.get<uint32_t>();
  const auto hash = in.get<uint64_t>();
  if (in.left() < size) failDamaged(fmt::format("a block of {} bytes ends after {}", size, in.left()));
  const std::string_view bytes(in.raw(size), size);
  if (hashBytes(bytes.data(), bytes.size()) != hash) failDamaged("the checksum of a block is wrong");
  block_ = std::make_unique<Block>(Block{FieldReader(bytes, lineage_)});
  at_ += kBlockHeadBytes + size;
  return true;
}

bool Replay::step() {
  const int64_t before = inputs_;
  while (inputs_ == before) {
    if (block_->fields.atEnd() && !nextBlock()) return false;
    if (!block_->fields.atEnd()) readRecord();
  }
  return true;
}

void Replay::readRecord() {
  in::Event event;
  try {
    FieldReader& in = block_->fields;
    const auto recorded = in.fixed<uint32_t>();
    const Millis now = now_ + in.get<Millis>();
    const size_t kind = in.fixed<uint8_t>();
    if (kind > kLineageChanged) throw CorruptData(fmt::format("an input is of kind {}, which does not exist", kind));
    checkInstructions(recorded);
    has_instructions_ = false;
    now_ = now;
    if (kind == kLineageChanged) return lineage_.apply(in.get<LineageChange>());
    kind_ = kind;
    event = readEvent(in, kind, kKinds);
  } catch (const CorruptData& e) {
    failDamaged(e.what());
  }
  applyInput(std::move(event));
}

void Replay::applyInput(in::Event event) {
  if (inputs_++ == 0) first_ = now_;
  instructions_ = scheduler_->handle(std::move(event), now_);
  has_instructions_ = true;
}

void Replay::checkInstructions(uint32_t recorded) const {
  if (!has_instructions_ || digestOf(instructions_) == recorded) return;
  throw Error(where() +
              " gave other instructions than were recorded: the scheduler has changed since, or its state is "
              "damaged");
}

std::string Replay::where() const {
  return fmt::format("input {} ({}), {:.3f} s after the first", inputs_, nameOfKind(kind_, kKinds),
                     static_cast<double>(now_ - first_) / 1000);
}

void Replay::failDamaged(const std::string& what) const {
  throw CorruptData(fmt::format("the record is damaged or cut after {} inputs, before byte {} of {}: {}", inputs_, at_,
                                log_.size(), what));
}

}  // namespace cerium::replay
