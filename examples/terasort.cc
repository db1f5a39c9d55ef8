// Cerium. Licensed under the Apache License 2.0.
// A small TeraSort: makes records of a 10-byte key and 90 bytes of payload, sorts them, and checks that they are in
// order and that none was lost, doubled or changed.
//   terasort [RECORDS]
#include <cerium/cerium.h>

#include <array>
#include <cstring>
#include <iostream>

using Key = std::array<uint8_t, 10>;
using Payload = std::array<char, 90>;
using Record = std::pair<Key, Payload>;

Record makeRecord(int64_t i) {
  Record record;
  const uint64_t random[] = {cerium::Hash<int64_t>()(i), cerium::Hash<int64_t>()(~i)};
  std::memcpy(record.first.data(), random, record.first.size());
  record.second.fill(static_cast<char>('A' + i % 26));
  std::memcpy(record.second.data(), &i, sizeof i);
  return record;
}

/// A summary of a run of records; sums of hashes do not depend on the order.
struct Summary {
  int64_t records = 0;
  uint64_t checksum = 0;
  bool in_order = true;
  Key first{}, last{};
};
Summary join(Summary a, const Summary& b) {
  if (b.records == 0) return a;
  if (a.records == 0) return b;
  return {a.records + b.records, a.checksum + b.checksum, a.in_order && b.in_order && a.last <= b.first, a.first,
          b.last};
}
Summary addRecord(const Summary& run, const Record& record) {
  return join(run, {1, cerium::Hash<Record>()(record), true, record.first, record.first});
}

int main(int argc, char** argv) {
  cerium::Context sc(cerium::Conf().setAppName("TeraSort"));
  const int64_t n = argc > 1 ? std::stoll(argv[1]) : 100'000;

  auto records = sc.range(n).map(makeRecord);
  const Summary before = records.aggregate(Summary(), addRecord, join);
  // Results are joined in the order of partitions, so the order across partitions is checked too.
  const Summary after = records.sortByKey().aggregate(Summary(), addRecord, join);

  std::cout << after.records << " records, checksum " << std::hex << after.checksum
            << (after.in_order ? ", in order\n" : ", NOT in order\n");
  return after.in_order && after.records == n && after.checksum == before.checksum ? 0 : 1;
}
