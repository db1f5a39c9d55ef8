// Cerium. Licensed under the Apache License 2.0.
// Records of users' types, as they lie in shuffle segments, cached blocks and results.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/serde/codec.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace cerium;

template <class T>
void decodeAll(const Bytes& bytes) {
  try {
    Reader in(bytes);
    size_t count = 0;
    while (!in.atEnd() && ++count < 1'000) {
      const T value = decodeValue<T>(in);
      Bytes again;
      Writer out(again);
      encodeValue(out, value);
    }
  } catch (const CorruptData&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes;
  bytes.append(data, size);
  decodeAll<int64_t>(bytes);
  decodeAll<std::string>(bytes);
  decodeAll<std::pair<std::string, std::vector<int32_t>>>(bytes);
  decodeAll<std::map<std::string, std::optional<double>>>(bytes);
  decodeAll<std::vector<std::vector<bool>>>(bytes);
  return 0;
}
