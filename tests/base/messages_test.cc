// Cerium. Licensed under the Apache License 2.0.
// The messages between driver and executors. Every field of every kind is filled by reflection, so that a field which
// the encoding forgets shows; and frames that were cut or changed are refused, never obeyed half or crashed on.
#include "base/protocol/messages.h"

#include <algorithm>
#include <boost/pfr.hpp>
#include <catch2/catch.hpp>
#include <random>

#include "base/util/error.h"

namespace cerium::protocol {
namespace {

using Random = std::mt19937_64;

template <class T>
void fill(T& value, Random& random);

void fill(std::string& text, Random& random) {
  text.resize(random() % 9);
  for (char& c : text) c = static_cast<char>(random());
}
void fill(Bytes& bytes, Random& random) {
  std::string text;
  fill(text, random);
  bytes = Bytes(text);
}
template <class T>
void fill(std::vector<T>& list, Random& random) {
  list.resize(1 + random() % 2);
  for (T& each : list) fill(each, random);
}
void fill(std::map<std::string, std::string>& map, Random& random) {
  for (int i = 0; i < 2; ++i) {
    std::string key;
    fill(key, random);
    fill(map[key], random);
  }
}
template <class T>
void fill(T& value, Random& random) {
  if constexpr (std::is_same_v<T, bool>) {
    value = random() % 2 == 0;
  } else if constexpr (std::is_arithmetic_v<T>) {
    value = static_cast<T>(random());
  } else {
    boost::pfr::for_each_field(value, [&](auto& field) { fill(field, random); });
  }
}

template <class T>
inline constexpr bool kIsList = false;
template <class T>
inline constexpr bool kIsList<std::vector<T>> = true;

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (kIsList<T>) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return same(x, y); });
  } else if constexpr (requires { a == b; }) {
    return a == b;
  } else {
    bool all = true;
    boost::pfr::for_each_field(a, [&](const auto& field, auto index) {
      all = all && same(field, boost::pfr::get<decltype(index)::value>(b));
    });
    return all;
  }
}

/// One of each kind, every field filled.
template <size_t... Kind>
std::vector<Message> oneOfEach(Random& random, std::index_sequence<Kind...>) {
  std::vector<Message> all;
  const auto add = [&]<class T>(T message) {
    fill(message, random);
    all.emplace_back(std::move(message));
  };
  (add(std::variant_alternative_t<Kind, Message>()), ...);
  return all;
}
std::vector<Message> oneOfEach(Random& random) {
  return oneOfEach(random, std::make_index_sequence<std::variant_size_v<Message>>());
}

/// True where decoding throws CorruptData; other exceptions pass through.
bool isRefused(const Bytes& frame) {
  try {
    (void)decode(frame);
    return false;
  } catch (const CorruptData&) {
    return true;
  }
}

}  // namespace

TEST_CASE("every message comes back with every field", "[base][messages]") {
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    for (const Message& message : oneOfEach(random)) {
      const Message back = decode(encode(message));
      INFO("kind " << message.index());
      REQUIRE(back.index() == message.index());
      REQUIRE(std::visit(
          [&]<class T>(const T& one) {
            const T* other = std::get_if<T>(&back);
            return other != nullptr && same(one, *other);
          },
          message));
    }
  }
}

TEST_CASE("a message that was cut short anywhere is corrupt data", "[base][messages]") {
  Random random(5);
  for (const Message& message : oneOfEach(random)) {
    const Bytes frame = encode(message);
    for (size_t size = 0; size < frame.size(); ++size) {
      INFO("kind " << message.index() << ", " << size << " of " << frame.size() << " bytes");
      REQUIRE(isRefused(Bytes(frame.view().substr(0, size))));
    }
  }
}

TEST_CASE("bytes behind a message are corrupt data", "[base][messages]") {
  Random random(7);
  for (const Message& message : oneOfEach(random)) {
    Bytes frame = encode(message);
    frame.append("x", 1);
    CHECK(isRefused(frame));
  }
}

TEST_CASE("a message with any bit changed is refused or decoded, no more", "[base][messages]") {
  Random random(9);
  for (const Message& message : oneOfEach(random)) {
    const Bytes frame = encode(message);
    for (size_t bit = 0; bit < 8 * frame.size(); ++bit) {
      Bytes changed = frame;
      changed.data()[bit / 8] = static_cast<char>(changed.data()[bit / 8] ^ (1 << bit % 8));
      INFO("kind " << message.index() << ", bit " << bit);
      REQUIRE_NOTHROW(isRefused(changed));
    }
  }
}

TEST_CASE("random frames are refused or decoded, no more", "[base][messages]") {
  Random random(11);
  for (int round = 0; round < 50'000; ++round) {
    std::string text(random() % 64, '\0');
    for (char& c : text) c = static_cast<char>(random() % 3 == 0 ? random() : 0);
    if (!text.empty()) text[0] = static_cast<char>(random() % (std::variant_size_v<Message> + 1));
    REQUIRE_NOTHROW(isRefused(Bytes(text)));
  }
}

TEST_CASE("a kind that does not exist is named in the refusal", "[base][messages]") {
  CHECK_THROWS_WITH(decode(Bytes(std::string(1, '\x7f'))), Catch::Contains("127"));
  CHECK_THROWS_AS(decode(Bytes()), CorruptData);
}

}  // namespace cerium::protocol
