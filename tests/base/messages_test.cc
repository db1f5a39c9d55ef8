// Cerium. Licensed under the Apache License 2.0.
// The messages between driver and executors and of a standalone cluster. Reflection fills every field of every kind, so
// a field that the encoding forgets is noticed. Truncated or changed frames are refused; they are never obeyed in part
// and never crash the decoder.
#include "base/protocol/messages.h"

#include <algorithm>
#include <boost/pfr.hpp>
#include <catch2/catch.hpp>

#include "base/protocol/cluster_messages.h"
#include "base/util/error.h"
#include "tests/support/any_message.h"

namespace cerium::protocol {
namespace {

using testing::fill;
using testing::Random;

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

struct OfExecutors {
  using Message = protocol::Message;
  static Bytes encode(const Message& message) { return protocol::encode(message); }
  static Message decode(const Bytes& frame) { return protocol::decode(frame); }
};
struct OfCluster {
  using Message = ClusterMessage;
  static Bytes encode(const Message& message) { return encodeCluster(message); }
  static Message decode(const Bytes& frame) { return decodeCluster(frame); }
};

/// True if decoding throws CorruptData. Other exceptions pass through.
template <class Set>
bool isRefused(const Bytes& frame) {
  try {
    (void)Set::decode(frame);
    return false;
  } catch (const CorruptData&) {
    return true;
  }
}

}  // namespace

TEMPLATE_TEST_CASE("every message comes back with every field", "[base][messages]", OfExecutors, OfCluster) {
  using Kind = typename TestType::Message;
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    for (const Kind& message : testing::oneOfEach<Kind>(random)) {
      const Kind back = TestType::decode(TestType::encode(message));
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

TEMPLATE_TEST_CASE("a message that was cut short anywhere is corrupt data", "[base][messages]", OfExecutors,
                   OfCluster) {
  using Kind = typename TestType::Message;
  Random random(5);
  for (const Kind& message : testing::oneOfEach<Kind>(random)) {
    const Bytes frame = TestType::encode(message);
    for (size_t size = 0; size < frame.size(); ++size) {
      INFO("kind " << message.index() << ", " << size << " of " << frame.size() << " bytes");
      REQUIRE(isRefused<TestType>(Bytes(frame.view().substr(0, size))));
    }
  }
}

TEMPLATE_TEST_CASE("bytes behind a message are corrupt data", "[base][messages]", OfExecutors, OfCluster) {
  using Kind = typename TestType::Message;
  Random random(7);
  for (const Kind& message : testing::oneOfEach<Kind>(random)) {
    Bytes frame = TestType::encode(message);
    frame.append("x", 1);
    CHECK(isRefused<TestType>(frame));
  }
}

TEMPLATE_TEST_CASE("a message with any bit changed is refused or decoded, no more", "[base][messages]", OfExecutors,
                   OfCluster) {
  using Kind = typename TestType::Message;
  Random random(9);
  for (const Kind& message : testing::oneOfEach<Kind>(random)) {
    const Bytes frame = TestType::encode(message);
    for (size_t bit = 0; bit < 8 * frame.size(); ++bit) {
      Bytes changed = frame;
      changed.data()[bit / 8] = static_cast<char>(changed.data()[bit / 8] ^ (1 << bit % 8));
      INFO("kind " << message.index() << ", bit " << bit);
      REQUIRE_NOTHROW(isRefused<TestType>(changed));
    }
  }
}

TEMPLATE_TEST_CASE("random frames are refused or decoded, no more", "[base][messages]", OfExecutors, OfCluster) {
  using Kind = typename TestType::Message;
  Random random(11);
  for (int round = 0; round < 50'000; ++round) {
    std::string text(random() % 64, '\0');
    for (char& c : text) c = static_cast<char>(random() % 3 == 0 ? random() : 0);
    if (!text.empty()) text[0] = static_cast<char>(random() % (std::variant_size_v<Kind> + 1));
    REQUIRE_NOTHROW(isRefused<TestType>(Bytes(text)));
  }
}

TEMPLATE_TEST_CASE("a kind that does not exist is named in the refusal", "[base][messages]", OfExecutors, OfCluster) {
  CHECK_THROWS_WITH(TestType::decode(Bytes(std::string(1, '\x7f'))), Catch::Contains("127"));
  CHECK_THROWS_AS(TestType::decode(Bytes()), CorruptData);
}

}  // namespace cerium::protocol
