// Cerium. Licensed under the Apache License 2.0.
// What the libFuzzer targets of this folder share. Each is one decoder under any bytes: it has to give something that
// it can encode again, or to refuse with CorruptData; anything else is a finding.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/util/bytes.h"
#include "base/util/error.h"
#include "tests/support/any_message.h"

namespace cerium::fuzz {

/// Ends the program as a finding.
inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

/// What the fuzzer says: every other time the bytes themselves; else a good message, drawn by the first bytes, with the
/// changes that the rest describes, so that changes deep inside of messages are found soon.
template <class Message, class Encode>
Bytes frameFrom(const uint8_t* data, size_t size, Encode encode) {
  constexpr size_t kHead = 3;
  if (size < kHead || data[0] % 2 == 0) {
    return size == 0 ? Bytes() : Bytes(std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  }
  testing::Random random(data[1]);
  const auto messages = testing::oneOfEach<Message>(random);
  Bytes frame = encode(messages[data[2] % messages.size()]);
  for (size_t at = kHead; at + 3 <= size && frame.size() > 0; at += 3) {
    const size_t place = (data[at] + size_t{256} * data[at + 1]) % frame.size();
    frame.data()[place] = static_cast<char>(data[at + 2]);
  }
  return frame;
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
  } catch (const CorruptData&) {
  }
}

}  // namespace cerium::fuzz
