// Cerium. Licensed under the Apache License 2.0.
// The common part of the libFuzzer targets. Each target feeds any bytes to one decoder, which must return a value that
// it can encode again, or throw CorruptData (or IoError if it reads a file or a stream); anything else is a finding. A
// target defines seeds() and calls decodedWhole() for valid inputs.
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

/// Each target defines it: valid inputs, for a set of messages one of each kind. The fuzzer begins with them. A seed
/// that is not decoded whole ends the program before it begins.
std::vector<std::string> seeds();

/// Counts an input that was valid to its end, at most once for each input; the share of such inputs is printed at the
/// end.
void decodedWhole();

/// Ends the program with a finding unless `holds`.
void check(bool holds, const char* what);

inline std::string_view textOf(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

/// Every other time the fuzzer's bytes themselves; else a valid message, chosen by the first bytes, with the changes
/// that the rest describes, so that changes deep inside messages are found soon.
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

/// An input of frameFrom for each kind of message.
template <class Message, class Encode>
std::vector<std::string> seedsOfEachKind(Encode encode) {
  testing::Random random(1);
  std::vector<std::string> all;
  for (const auto& message : testing::oneOfEach<Message>(random)) {
    all.push_back(std::string(1, '\0') + std::string(encode(message).view()));
  }
  return all;
}

/// If `data` is a message, decode(encode(decode(data))) must be equal to decode(data).
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
