// Cerium. Licensed under the Apache License 2.0.
// The array of records: it grows as a vector does, for bitwise records and for records that own memory.
#include "base/util/record_buffer.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <string>

namespace cerium {
namespace {

/// Counts its living instances.
struct Counted {
  static inline int alive = 0;
  std::string text;
  explicit Counted(std::string t) : text(std::move(t)) { ++alive; }
  Counted(const Counted& other) : text(other.text) { ++alive; }
  Counted(Counted&& other) noexcept : text(std::move(other.text)) { ++alive; }
  ~Counted() { --alive; }
};

}  // namespace

TEST_CASE("records stay in order while the array grows", "[base][buffer]") {
  RecordBuffer<int> numbers;
  RecordBuffer<std::string> texts;
  for (int i = 0; i < 10'000; ++i) {
    numbers.push_back(i);
    texts.emplace_back(std::to_string(i) + " is longer than a short string");
  }
  REQUIRE(numbers.size() == 10'000);
  REQUIRE(texts.size() == 10'000);
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(numbers[static_cast<size_t>(i)] == i);
    REQUIRE(texts[static_cast<size_t>(i)].starts_with(std::to_string(i) + " is"));
  }
}

TEST_CASE("a record of the array itself may be appended while it grows", "[base][buffer]") {
  RecordBuffer<std::string> texts;
  texts.emplace_back("a text that is longer than a short string");
  for (int i = 0; i < 100; ++i) texts.push_back(texts[0]);
  CHECK(texts.size() == 101);
  CHECK(texts[100] == "a text that is longer than a short string");
}

TEST_CASE("bool is stored as bool", "[base][buffer]") {
  RecordBuffer<bool> flags;
  for (int i = 0; i < 100; ++i) flags.push_back(i % 3 == 0);
  const bool* data = flags.data();
  CHECK(std::accumulate(data, data + flags.size(), 0) == 34);
}

TEST_CASE("every record is destroyed once", "[base][buffer]") {
  {
    RecordBuffer<Counted> all;
    for (int i = 0; i < 1000; ++i) all.emplace_back(std::to_string(i));
    CHECK(Counted::alive == 1000);
    RecordBuffer<Counted> moved(std::move(all));
    CHECK(moved.size() == 1000);
    CHECK(Counted::alive == 1000);
    RecordBuffer<Counted> few;
    few.emplace_back("x");
    moved = std::move(few);
    CHECK(moved.size() == 1);
    moved.clear();
    CHECK(moved.empty());
  }
  CHECK(Counted::alive == 0);
}

TEST_CASE("unwritten records are room for n more", "[base][buffer]") {
  RecordBuffer<int> numbers;
  numbers.push_back(7);
  for (int round = 0; round < 10; ++round) {
    int* place = numbers.growUninitialized(100);
    std::iota(place, place + 100, round * 100);
  }
  REQUIRE(numbers.size() == 1001);
  CHECK(numbers[0] == 7);
  for (int i = 0; i < 1000; ++i) REQUIRE(numbers[static_cast<size_t>(i) + 1] == i);
}

}  // namespace cerium
