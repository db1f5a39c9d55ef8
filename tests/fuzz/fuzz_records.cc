// Cerium. Licensed under the Apache License 2.0.
// Records of users' types, and runs of them, as in shuffle segments, cached blocks, spills and results.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/serde/codec.h"
#include "rdd/block.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace cerium;

struct Visit {
  std::string page;
  bool paid = false;
  std::vector<int32_t> seconds;
  std::shared_ptr<std::string> referrer;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(page, paid, seconds, referrer);
  }
};

using Nested = std::map<std::string, std::optional<double>>;
using Mixed = std::tuple<std::string, std::vector<bool>, std::unordered_map<int32_t, std::string>, bool>;

template <class T>
Bytes encodedOf(const std::vector<T>& values) {
  Bytes bytes;
  Writer out(bytes);
  encodeRecords(out, values.data(), values.size());
  return bytes;
}

/// Decodes as a reader of a block does: batch by batch, and as one block. Valid records are valid again when encoded.
template <class T>
void decodeRun(const Bytes& bytes) {
  try {
    DecodeStream<T> stream(bytes.view(), nullptr);
    std::vector<T> records;
    for (auto batch = stream.next(); batch.size > 0; batch = stream.next()) {
      for (size_t i = 0; i < batch.size; ++i) records.push_back(batch.data[i]);
    }
    const Bytes again = encodedOf(records);
    const auto block = blockOps<T>()->decode(again.view());
    fuzz::check(blockOps<T>()->count(block.get()) == records.size(), "a block has lost records");
    fuzz::decodedWhole();
  } catch (const CorruptData&) {
  }
}

template <class T>
std::string seedOf(char type, std::vector<T> values) {
  return type + std::string(encodedOf(values).view());
}

}  // namespace

std::vector<std::string> cerium::fuzz::seeds() {
  return {
      seedOf<int64_t>(0, {1, 2, 3}),
      seedOf<std::string>(1, {"", "word"}),
      seedOf<std::pair<std::string, std::vector<int32_t>>>(2, {{"key", {1, 2}}, {"", {}}}),
      seedOf<Nested>(3, {{{"a", 1.5}, {"b", std::nullopt}}}),
      seedOf<std::vector<std::string>>(4, {{"x", "y"}, {}}),
      seedOf<Mixed>(5, {{"text", {true, false}, {{7, "seven"}}, true}}),
      seedOf<Visit>(6, {{"/", true, {1, 2}, nullptr}, {"/a", false, {}, std::make_shared<std::string>("/")}}),
  };
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const Bytes bytes(fuzz::textOf(data + 1, size - 1));
  switch (data[0]) {
    case 0:
      decodeRun<int64_t>(bytes);
      break;
    case 1:
      decodeRun<std::string>(bytes);
      break;
    case 2:
      decodeRun<std::pair<std::string, std::vector<int32_t>>>(bytes);
      break;
    case 3:
      decodeRun<Nested>(bytes);
      break;
    case 4:
      decodeRun<std::vector<std::string>>(bytes);
      break;
    case 5:
      decodeRun<Mixed>(bytes);
      break;
    case 6:
      decodeRun<Visit>(bytes);
      break;
    default:
      break;
  }
  return 0;
}
