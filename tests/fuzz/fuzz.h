// Cerium. Licensed under the Apache License 2.0.
// What the libFuzzer targets of this folder share. Each is one decoder under any bytes: it has to give something that
// it can encode again, or to refuse with CorruptData (IoError where it reads a file or a stream); anything else is a
// finding. A target defines seeds(), and calls decodedWhole() for inputs like these.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/util/bytes.h"
#include "base/util/error.h"
#include "tests/support/any_message.h"

namespace cerium::fuzz {

/// Each target's: good inputs, for a closed set of messages one of every kind. The fuzzer begins with them. One that is
/// not decoded whole ends the program before it begins.
std::vector<std::string> seeds();

/// This input was good to its end. At most once an input; the share of such inputs is printed at the end.
void decodedWhole();

/// Ends the program as a finding.
void check(bool holds, const char* what);

inline std::string_view textOf(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

/// What the fuzzer says: every other time the bytes themselves; else a good message, drawn by the first bytes, with the
/// changes that the rest describes, so that changes deep inside of messages are found soon.
template <class Message, class Encode>
Bytes frameFrom(const uint8_t* data, size_t size, Encode encode) {
  constexpr size_t kHead = 3;
  if (size < kHead || data[0] % 2 == 0) return size == 0 ? Bytes() : Bytes(textOf(data + 1, size - 1));
  testing::Random random(data[1]);
  const auto messages = testing::oneOfEach<Message>(random);
  Bytes frame = encode(messages[data[2] % messages.size()]);
  for (size_t at = kHead; at + 3 <= size && frame.size() > 0; at += 3) {
    const size_t place = (data[at] + size_t{256} * data[at + 1]) % frame.size();
    frame.data()[place] = static_cast<char>(data[at + 2]);
  }
  return frame;
}

/// One input for frameFrom of each kind there is.
template <class Message, class Encode>
std::vector<std::string> seedsOfEachKind(Encode encode) {
  testing::Random random(1);
  std::vector<std::string> all;
  for (const auto& message : testing::oneOfEach<Message>(random)) {
    all.push_back(std::string(1, '\0') + std::string(encode(message).view()));
  }
  return all;
}

/// decode(x), where it is a message, is what decode(encode(decode(x))) is.
template <class Message, class Encode, class Decode>
void decodeAndBack(const uint8_t* data, size_t size, Encode encode, Decode decode) {
  const Bytes frame = frameFrom<Message>(data, size, encode);
  try {
    const Bytes once = encode(decode(frame));
    Bytes twice;
    try {
      twice = encode(decode(once));
    } catch (const CorruptData&) {
      check(false, "what was decoded and encoded cannot be decoded");
    }
    check(once.view() == twice.view(), "what was decoded changes when it is encoded and decoded again");
    decodedWhole();
  } catch (const CorruptData&) {
  }
}

}  // namespace cerium::fuzz
