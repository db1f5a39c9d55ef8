// Cerium. Licensed under the Apache License 2.0.
// The code of a stage, and an accumulator's definition, as an executor decodes them: known and unknown entries, and the
// captures of their functions.
#include <memory>
#include <string>
#include <vector>

#include "rdd/accumulator.h"
#include "rdd/ops/narrow.h"
#include "rdd/ops/shuffled.h"
#include "rdd/ops/sources.h"
#include "rdd/stage_code.h"
#include "tests/fuzz/fuzz.h"

using namespace cerium;

namespace {

using Pair = std::pair<std::string, int64_t>;

using Numbered = std::pair<int64_t, int64_t>;

int64_t twice(int64_t x) { return 2 * x; }

struct Text {
  std::string text;
  [[nodiscard]] bool isLong() const { return text.size() > 9; }
};

/// A user's functor with a `serialize`.
struct Prefixed {
  std::string prefix;
  bool upper = false;
  std::vector<int32_t> weights;

  Pair operator()(int64_t x) const { return {prefix, upper ? -x : x}; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(prefix, upper, weights);
  }
};

template <class F>
Located<F> located(F f) {
  return {{"map", "fuzz.cc", 7}, std::move(f)};
}

template <class T, class Body>
NodePtr node(int64_t id, std::vector<Dependency> dependencies, Body body) {
  NodePtr made = std::make_shared<OpNode<T, Body>>(RddId(id), CallSite{"op", "fuzz.cc", 9}, 3, std::move(dependencies),
                                                   std::move(body));
  made->setStorageLevel(StorageLevel::MEMORY_ONLY);
  return made;
}

Dependency narrow(NodePtr parent) { return {std::move(parent), nullptr}; }
Dependency wide(int64_t id) { return {nullptr, std::make_shared<ShuffleDependency>(ShuffleId(id), 4, 3)}; }

/// A map stage: numbers, through functions of each kind that travels, into a range-partitioned shuffle.
Bytes mapStage() {
  const NodePtr range = node<int64_t>(1, {}, ops::Range{0, 1, 100, 3});
  const NodePtr both = node<int64_t>(2, {narrow(range), narrow(range)}, ops::Union<int64_t>{{0, 3}});
  const NodePtr numbered = node<Numbered>(3, {narrow(both)}, ops::Numbered<int64_t>{{0, 50, 90}, 1});
  int64_t number = 5;
  auto bound = closure::bind([](int64_t x, const std::string& word) { return x > static_cast<int64_t>(word.size()); },
                             std::string("word"));
  auto numbers = narrow::then(narrow::Map<int64_t Numbered::*>{{located(&Numbered::first)}},
                              narrow::Map<int64_t (*)(int64_t)>{{located(&twice)}});
  auto pipe = narrow::then(narrow::then(numbers, narrow::Filter<decltype(bound)>{{located(bound)}}),
                           narrow::Map<Prefixed>{{located(Prefixed{"p", true, {1, 2}})}});
  auto add_up = [number](int64_t a, int64_t b) { return a + b * number; };
  auto same = [](int64_t x) { return x; };
  using Ranges = RangePartitioner<std::string>;
  CombinePairs<std::string, int64_t, int64_t, decltype(same), decltype(add_up), Ranges> end{
      {located(same), located(add_up), located(Ranges({"g", "p"}))}};
  return encodeStage(*fusedBody<Numbered>(numbered, pipe, end));
}

/// A reduce stage: records of a shuffle and of the driver's data, filtered by a member function, into a hash shuffle.
Bytes reduceStage() {
  const NodePtr texts = node<Pair>(4, {wide(7)}, ops::Repartitioned<std::string, int64_t>{});
  const NodePtr data = node<Pair>(5, {}, ops::Parallelize<Pair>{});
  const NodePtr all = node<Pair>(6, {narrow(texts), narrow(data)}, ops::UnionAlike<Pair>{});
  auto to_text = [](const Pair& pair) { return Text{pair.first}; };
  auto to_pair = [](const Text& text) { return Pair{text.text, 1}; };
  auto pipe = narrow::then(narrow::then(narrow::Map<decltype(to_text)>{{located(to_text)}},
                                        narrow::Filter<bool (Text::*)() const>{{located(&Text::isLong)}}),
                           narrow::Map<decltype(to_pair)>{{located(to_pair)}});
  PartitionPairs<std::string, int64_t, HashPartitioner> end{{located(HashPartitioner(3))}};
  return encodeStage(*fusedBody<Pair>(all, pipe, end));
}

Bytes accumulator() {
  auto longer = [](std::string a, std::string b) { return a.size() < b.size() ? b : a; };
  using Op = accumulator_detail::Combine<decltype(longer)>;
  const accumulator_detail::Factory<std::string, std::string, Op> factory("zero", Op{{located(longer)}});
  Bytes bytes;
  Writer out(bytes);
  out.put(factory.entry());
  factory.encode(out);
  return bytes;
}

void decodeAccumulator(const Bytes& code) {
  auto& registry = AccumulatorRegistry::instance();
  const AccumulatorId id(0);
  registry.defineEncoded(id, code);
  Bytes cell;
  Writer out(cell);
  registry.newCell(id)->encode(out);
  Reader in(cell);
  registry.newCell(id)->merge(in);
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {'\0' + std::string(mapStage().view()), '\0' + std::string(reduceStage().view()),
          '\1' + std::string(accumulator().view())};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const Bytes code(fuzz::textOf(data + 1, size - 1));
  try {
    if (data[0] % 2 == 0) {
      const auto body = decodeStage(code);
      const Bytes again = encodeStage(*body);
      fuzz::check(encodeStage(*decodeStage(again)) == again, "a decoded stage changes when it travels again");
    } else {
      decodeAccumulator(code);
    }
    fuzz::decodedWhole();
  } catch (const CorruptData&) {
  }
  return 0;
}
