// Cerium. Licensed under the Apache License 2.0.
// The manager's journal: after any cut or flipped bit it gives the intact records. The lock beside it has one holder.
#include "cluster-manager/manager/journal.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "base/util/error.h"
#include "base/util/log.h"
#include "cluster-manager/manager/standby_lock.h"
#include "tests/support/temp_folder.h"

namespace cerium::cluster_manager {
namespace {

using cerium::testing::contentsOf;
using cerium::testing::TempFolder;
using namespace protocol;

std::vector<JournalRecord> someRecords() {
  WorkerRecord worker;
  worker.worker.worker = "worker-1";
  worker.worker.cores = 8;
  ApplicationRecord application;
  application.application.application = "app-1";
  application.application.executor_environment = {{"A", "1"}};
  application.next_executor = 7;
  DriverRecord driver;
  driver.order.driver = "driver-1";
  driver.state = DriverState::kRunning;
  worker.gone = true;
  return {worker, application, driver, worker, GrantRecord{"app-1", 9}};
}

/// Whether the encoded records of `part` begin `whole`.
bool isPrefix(const std::vector<JournalRecord>& part, const std::vector<JournalRecord>& whole) {
  for (size_t i = 0; i < part.size(); ++i) {
    if (i >= whole.size() || encodeRecord(part[i]) != encodeRecord(whole[i])) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a journal gives back what was kept, and is written anew with less", "[cluster-manager]") {
  const TempFolder folder;
  const std::string path = folder / "journal";
  CHECK(Journal::read(path).records.empty());
  const auto records = someRecords();
  {
    Journal journal(path, {records[0]});
    journal.append({records[1], records[2]});
    journal.append({});
    journal.append({records[3], records[4]});
    CHECK(journal.bytes() == std::filesystem::file_size(path));
  }
  const Journal::Contents found = Journal::read(path);
  CHECK(found.records.size() == 5);
  CHECK(found.damaged_bytes == 0);
  CHECK(isPrefix(found.records, records));
  CHECK(std::get<ApplicationRecord>(found.records[1]).application.executor_environment.at("A") == "1");
  const Journal shorter(path, {records[3]});
  CHECK(Journal::read(path).records.size() == 1);
  CHECK(std::filesystem::status(path).permissions() == std::filesystem::perms(0600));
}

TEST_CASE("a journal that is cut off anywhere gives the records before the cut", "[cluster-manager]") {
  const TempFolder folder;
  const auto records = someRecords();
  { const Journal journal(folder / "journal", records); }
  const std::string whole = contentsOf(folder / "journal");
  size_t most = 0;
  bool all_are_prefixes = true;
  for (size_t size = 8; size < whole.size(); ++size) {
    const Journal::Contents found = Journal::read(folder.write("cut", whole.substr(0, size)));
    all_are_prefixes = all_are_prefixes && isPrefix(found.records, records) && found.records.size() < records.size();
    most = std::max(most, found.records.size());
  }
  CHECK(all_are_prefixes);
  CHECK(most == records.size() - 1);
}

TEST_CASE("a journal with a flipped bit gives all records but the one that has it", "[cluster-manager]") {
  const TempFolder folder;
  const auto records = someRecords();
  { const Journal journal(folder / "journal", records); }
  const std::string whole = contentsOf(folder / "journal");
  size_t at = 8;
  for (size_t hit = 0; hit < records.size(); ++hit) {
    const size_t body = at + 12;
    const size_t end = body + encodeRecord(records[hit]).size();
    auto others = records;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(hit));
    bool all_others_are_there = true;
    for (size_t i = at; i < end; ++i) {
      std::string flipped = whole;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
      const Journal::Contents found = Journal::read(folder.write("flipped", flipped));
      // If the length is damaged, the begin of the next record is unknown.
      const bool is_length = i < at + 4;
      all_others_are_there = all_others_are_there && found.damaged_bytes > 0 && isPrefix(found.records, others) &&
                             (is_length ? found.records.size() >= hit : found.records.size() == others.size());
    }
    CHECK(all_others_are_there);
    at = end;
  }
  CHECK(at == whole.size());
  CHECK_THROWS_AS(Journal::read(folder.write("other", "not a journal at all")), CorruptData);
}

TEST_CASE("a journal is written anew when it has doubled, and stays in use if that fails", "[cluster-manager]") {
  log::setLevel(log::Level::kOff);
  const TempFolder folder;
  const std::string path = folder / "journal";
  const auto records = someRecords();
  Journal journal(path, records, 1);
  const uint64_t size = journal.bytes();
  int asked = 0;
  const auto snapshot = [&] {
    ++asked;
    return records;
  };
  journal.tidy(snapshot);
  CHECK(asked == 0);
  journal.append(records);
  journal.append(records);
  SECTION("anew") {
    journal.tidy(snapshot);
    CHECK(journal.bytes() == size);
  }
  SECTION("as it is, and not tried again at once") {
    std::filesystem::create_directory(path + ".new");
    journal.tidy(snapshot);
    journal.append(records);
    journal.tidy(snapshot);
    CHECK(Journal::read(path).records.size() == 4 * records.size());
  }
  CHECK(asked == 1);
}

TEST_CASE("a record with an unknown state is refused", "[cluster-manager]") {
  DriverRecord driver;
  const Bytes waits = encodeRecord(driver);
  driver.state = DriverState::kLost;
  std::string text(encodeRecord(driver).view());
  CHECK(std::get<DriverRecord>(decodeRecord(Bytes(text))).state == DriverState::kLost);
  const auto at = std::mismatch(text.begin(), text.end(), waits.view().begin()).first;
  ++*at;
  CHECK_THROWS_AS(decodeRecord(Bytes(text)), CorruptData);
}

TEST_CASE("a journal that cannot be written says so", "[cluster-manager]") {
  const TempFolder folder;
  CHECK_THROWS_WITH(Journal(folder / "missing/journal", {}), Catch::Contains(folder / "missing/journal"));
}

TEST_CASE("one manager at a time holds the lock of a folder", "[cluster-manager]") {
  const TempFolder folder;
  auto first = std::make_unique<StandbyLock>(folder.path());
  StandbyLock second(folder.path());
  CHECK(first->tryLock("the first"));
  CHECK(first->tryLock("the first"));
  CHECK_FALSE(second.tryLock("the second"));
  CHECK(second.holder() == "the first");
  first.reset();
  CHECK(second.tryLock("the second"));
  CHECK(second.holder() == "the second");
  CHECK_THROWS_AS(StandbyLock(folder / "missing"), IoError);
}

}  // namespace cerium::cluster_manager
