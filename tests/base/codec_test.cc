// Cerium. Licensed under the Apache License 2.0.
// The codec of records: every type is decoded as it was encoded; truncated or random bytes are refused before memory is
// allocated for them.
#include "base/serde/codec.h"

#include <catch2/catch.hpp>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <random>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace cerium {
namespace {

struct Address {
  std::string street;
  std::optional<int> number;
  std::vector<std::string> lines;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(street, number, lines);
  }
  bool operator==(const Address&) const = default;
};

/// save and load instead of serialize, and a nested user type.
struct Person {
  std::string name;
  Address home;
  template <class Archive>
  void save(Archive& archive) const {
    archive(name, home);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(name, home);
  }
  bool operator==(const Person&) const = default;
};

struct Plain {
  int64_t id;
  double weight;
  bool operator==(const Plain&) const = default;
};

using Random = std::mt19937_64;

template <class T>
struct Make;

template <class T>
T make(Random& random) {
  return Make<T>::one(random);
}

template <class T>
struct Make {
  static T one(Random& random) {
    if constexpr (std::is_same_v<T, bool>) {
      return random() % 2 == 0;
    } else if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(random());
    } else if constexpr (std::is_floating_point_v<T>) {
      constexpr T kSpecial[] = {T{0}, -T{0}, std::numeric_limits<T>::infinity(), std::numeric_limits<T>::denorm_min()};
      return random() % 4 == 0 ? kSpecial[random() % 4] : static_cast<T>(random()) / 7;
    } else if constexpr (std::is_same_v<T, Plain>) {
      return {make<int64_t>(random), make<double>(random)};
    } else if constexpr (std::is_same_v<T, Address>) {
      return {make<std::string>(random), make<std::optional<int>>(random), make<std::vector<std::string>>(random)};
    } else if constexpr (std::is_same_v<T, Person>) {
      return {make<std::string>(random), make<Address>(random)};
    } else {  // a container
      T all;
      for (size_t n = random() % 5; n > 0; --n) {
        all.insert(all.end(), make<typename serde::Unconst<typename T::value_type>::type>(random));
      }
      return all;
    }
  }
};
template <>
struct Make<std::string> {
  static std::string one(Random& random) {
    std::string text(random() % 4 == 0 ? 200 : random() % 12, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
  }
};
template <class A, class B>
struct Make<std::pair<A, B>> {
  static std::pair<A, B> one(Random& random) { return {make<A>(random), make<B>(random)}; }
};
template <class... Ts>
struct Make<std::tuple<Ts...>> {
  static std::tuple<Ts...> one(Random& random) { return std::tuple<Ts...>{make<Ts>(random)...}; }
};
template <class T>
struct Make<std::optional<T>> {
  static std::optional<T> one(Random& random) {
    return random() % 2 == 0 ? std::optional<T>(make<T>(random)) : std::nullopt;
  }
};
template <class T, size_t N>
struct Make<std::array<T, N>> {
  static std::array<T, N> one(Random& random) {
    std::array<T, N> all;
    for (T& each : all) each = make<T>(random);
    return all;
  }
};
template <class T>
struct Make<std::shared_ptr<T>> {
  static std::shared_ptr<T> one(Random& random) {
    return random() % 3 == 0 ? nullptr : std::make_shared<T>(make<T>(random));
  }
};
template <class T>
struct Make<std::unique_ptr<T>> {
  static std::unique_ptr<T> one(Random& random) {
    return random() % 3 == 0 ? nullptr : std::make_unique<T>(make<T>(random));
  }
};

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (requires { typename T::element_type; }) {
    return a == nullptr || b == nullptr ? a == b : *a == *b;
  } else {
    return a == b;
  }
}

template <class T>
Bytes encoded(const T& value) {
  Bytes bytes;
  Writer out(bytes);
  encodeValue(out, value);
  return bytes;
}

/// True if decoding throws CorruptData, false if it gives a value. Other exceptions pass through.
template <class T>
bool isRefused(std::string_view bytes) {
  Reader in(bytes);
  try {
    (void)decodeValue<T>(in);
  } catch (const CorruptData&) {
    return true;
  }
  return false;
}

using Kinds =
    std::tuple<bool, int8_t, uint16_t, int, uint64_t, float, double, Plain, std::string, std::pair<int, double>,
               std::pair<std::string, int>, std::tuple<int, char>, std::tuple<std::string, std::vector<int>, bool>,
               std::optional<int>, std::optional<std::string>, std::array<int, 3>, std::array<std::string, 3>,
               std::vector<int>, std::vector<bool>, std::vector<std::string>, std::vector<std::vector<double>>,
               std::vector<std::pair<int, std::string>>, std::vector<Plain>, std::deque<int>, std::list<std::string>,
               std::set<int>, std::multiset<std::string>, std::map<std::string, std::vector<int>>,
               std::multimap<int, std::string>, std::unordered_map<std::string, int>, std::unordered_set<std::string>,
               std::map<int, std::map<int, std::string>>, std::shared_ptr<std::string>, std::unique_ptr<int>, Address,
               Person, std::vector<Person>>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("every kind of record comes back as it was", "[base][codec]", Kinds) {
  STATIC_REQUIRE(Serializable<TestType>);
  Random random(17);
  for (int round = 0; round < 100; ++round) {
    const auto value = make<TestType>(random);
    const Bytes bytes = encoded(value);
    Reader in(bytes);
    const auto back = decodeValue<TestType>(in);
    REQUIRE(in.atEnd());
    if constexpr (std::is_same_v<TestType, float> || std::is_same_v<TestType, double>) {
      REQUIRE(std::memcmp(&back, &value, sizeof value) == 0);  // -0.0 too
    } else {
      REQUIRE(same(back, value));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("a record that was cut short anywhere is corrupt data", "[base][codec]", Kinds) {
  Random random(23);
  for (int round = 0; round < 20; ++round) {
    const Bytes bytes = encoded(make<TestType>(random));
    for (size_t size = 0; size < bytes.size(); ++size) {
      INFO(size << " of " << bytes.size() << " bytes");
      REQUIRE(isRefused<TestType>(bytes.view().substr(0, size)));
    }
  }
}

TEST_CASE("a count that the bytes cannot hold is refused before memory is taken for it", "[base][codec]") {
  const uint64_t count =
      GENERATE(uint64_t{9}, uint64_t{1} << 31, uint64_t{1} << 61, (uint64_t{1} << 61) + 1, UINT64_MAX);
  Bytes bytes;
  Writer out(bytes);
  out.varint(count);
  bytes.append("12345678", 8);
  CHECK(isRefused<std::string>(bytes.view()));
  CHECK(isRefused<std::vector<int64_t>>(bytes.view()));
  CHECK(isRefused<std::vector<Plain>>(bytes.view()));
  CHECK(isRefused<std::vector<std::string>>(bytes.view()));
  CHECK(isRefused<std::map<int, int>>(bytes.view()));
  CHECK(isRefused<Address>(bytes.view()));
}

TEST_CASE("a count of more than 64 bits is corrupt data", "[base][codec]") {
  CHECK(isRefused<std::string>(std::string(11, '\xff')));
}

TEST_CASE("a bool decoded from any byte other than 0 is true", "[base][codec]") {
  const std::string byte(1, '\2');
  Reader in(byte);
  const bool truth = decodeValue<bool>(in);
  Bytes again;
  Writer out(again);
  encodeValue(out, truth);
  CHECK(again.view() == std::string(1, '\1'));
}

TEST_CASE("random bytes never do more than fail to decode", "[base][codec]") {
  Random random(5);
  for (int round = 0; round < 20'000; ++round) {
    const auto bytes = make<std::string>(random);
    isRefused<std::vector<Person>>(bytes);
    isRefused<std::map<std::string, std::vector<int>>>(bytes);
    isRefused<std::tuple<std::optional<std::string>, std::shared_ptr<std::string>>>(bytes);
  }
  SUCCEED();
}

TEST_CASE("varints take as many bytes as they need", "[base][codec]") {
  const auto [value, size] =
      GENERATE(table<uint64_t, size_t>({{0, 1}, {127, 1}, {128, 2}, {16'383, 2}, {16'384, 3}, {UINT64_MAX, 10}}));
  Bytes bytes;
  Writer(bytes).varint(value);
  CHECK(bytes.size() == size);
  CHECK(Reader(bytes).varint() == value);
}

TEST_CASE("pointers and views are not records", "[base][codec]") {
  STATIC_REQUIRE_FALSE(Serializable<int*>);
  STATIC_REQUIRE_FALSE(Serializable<std::string_view>);
  STATIC_REQUIRE_FALSE(Serializable<std::vector<const char*>>);
  STATIC_REQUIRE_FALSE(Serializable<std::pair<int, std::string_view>>);
  STATIC_REQUIRE_FALSE(Serializable<std::optional<std::span<int>>>);
}

}  // namespace cerium
