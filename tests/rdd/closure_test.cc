// Cerium. Licensed under the Apache License 2.0.
// Functions as they travel: each kind is decoded with the same behaviour; captured pointers are detected.
#include "rdd/closure.h"

#include <sys/mman.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/util/error.h"
#include "rdd/stage_code.h"

namespace cerium {
namespace {

const CallSite kSite{"map", "program.cc", 12};

template <class F>
F travelled(const F& f) {
  Bytes bytes;
  Writer out(bytes);
  closure::encode(out, f);
  Reader in(bytes);
  F back = closure::decode<F>(in);
  CHECK(in.atEnd());
  return back;
}

int twice(int x) { return 2 * x; }

struct Shape {
  virtual ~Shape() = default;
  virtual int corners() const { return 0; }
  int plus(int x) const { return x + number; }
  int number = 5;
};
struct Square : Shape {
  int corners() const override { return 4; }
};

/// State that is too large for a plain lambda: it travels by `serialize`.
struct Contains {
  std::vector<std::string> words;
  bool operator()(const std::string& word) const { return std::find(words.begin(), words.end(), word) != words.end(); }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(words);
  }
};

/// Checks the captures of `f`.
template <class F>
void check(const F& f) {
  closure::visit([](const CallSite& site, const void* captures, size_t size) { checkCaptures(site, captures, size); },
                 kSite, f);
}

/// A node whose function captures `captured`; it counts how often its function is looked at.
class FunctionNode final : public RddNode {
 public:
  FunctionNode(std::vector<Dependency> parents, uintptr_t captured, int& looks)
      : RddNode(RddId(0), kSite, 1, std::move(parents)), captured_(captured), looks_(looks) {}
  [[nodiscard]] EntryId entry() const override { return {}; }
  void encode(Writer&) const override {}
  void visitClosures(const ClosureVisitor& visit) const override {
    ++looks_;
    visit(site(), &captured_, sizeof captured_);
  }

 private:
  uintptr_t captured_;
  int& looks_;
};

/// A stage that ends at `node`, without functions of its own.
class BareBody final : public TaskBody {
 public:
  explicit BareBody(NodePtr node) : node_(std::move(node)) {}
  [[nodiscard]] const RddNode& node() const override { return *node_; }
  [[nodiscard]] EntryId entry() const override { return {}; }
  void encode(Writer&) const override {}
  void visitClosures(const ClosureVisitor&) const override {}
  void run(TaskContext&, TaskOutput&) const override {}
  void encodeResult(const void*, Writer&) const override {}
  [[nodiscard]] size_t encodedResultBytes(const void*) const override { return 0; }

 private:
  NodePtr node_;
};

/// A lineage of `length` nodes, every tenth behind a shuffle.
NodePtr longLineage(int length, int& looks) {
  NodePtr last = std::make_shared<FunctionNode>(std::vector<Dependency>{}, 7, looks);
  for (int n = 1; n < length; ++n) {
    Dependency parent{last, nullptr};
    if (n % 10 == 0)
      parent = {nullptr, std::make_shared<ShuffleDependency>(ShuffleId(n), last, 1, std::make_shared<BareBody>(last))};
    last = std::make_shared<FunctionNode>(std::vector<Dependency>{parent}, 7, looks);
  }
  return last;
}

}  // namespace

TEST_CASE("lambdas travel with their captures", "[rdd][closure]") {
  const int add = 7;
  const double factor = 1.5;
  const auto f = travelled([add, factor](int x) { return factor * (x + add); });
  CHECK(f(3) == 15);
  CHECK(travelled([](int x) { return x + 1; })(1) == 2);
}

TEST_CASE("plain functions and members travel", "[rdd][closure]") {
  CHECK(travelled(&twice)(21) == 42);
  const Square square;
  auto plus = travelled(&Shape::plus);
  CHECK((square.*plus)(2) == 7);
  auto corners = travelled(&Shape::corners);  // virtual
  CHECK((square.*corners)() == 4);
  auto number = travelled(&Shape::number);
  CHECK(square.*number == 5);
}

TEST_CASE("a functor travels with serialize", "[rdd][closure]") {
  const auto f = travelled(Contains{{"a", "b"}});
  CHECK(f("b"));
  CHECK_FALSE(f("c"));
}

TEST_CASE("values bound after a function travel with it", "[rdd][closure]") {
  auto f = travelled(closure::bind([](int x, const std::string& text, int y) { return text + std::to_string(x + y); },
                                   std::string("sum "), 40));
  CHECK(f(2) == "sum 42");
}

TEST_CASE("a function that was cut short is corrupt data", "[rdd][closure]") {
  Bytes bytes;
  Writer out(bytes);
  const auto f = closure::bind(&twice, std::string("some text"));
  closure::encode(out, f);
  for (size_t size = 0; size < bytes.size(); ++size) {
    Reader in(bytes.view().substr(0, size));
    CHECK_THROWS_AS(closure::decode<std::remove_const_t<decltype(f)>>(in), CorruptData);
  }
}

TEST_CASE("an invented function pointer is refused", "[rdd][closure]") {
  Bytes bytes;
  Writer out(bytes);
  closure::encode(out, &twice);
  bytes.data()[8] = static_cast<char>(bytes.data()[8] + 1);
  Reader in(bytes);
  CHECK_THROWS_AS(closure::decode<int (*)(int)>(in), CorruptData);
}

TEST_CASE("a bare address is not a pointer to a member function", "[rdd][closure]") {
  using Plus = int (Shape::*)(int) const;
  Bytes bytes;
  Writer out(bytes);
  out.put(EntryId{0, 0x1000});
  out.put(uintptr_t{0});
  Reader in(bytes);
  CHECK_THROWS_AS(closure::decode<Plus>(in), CorruptData);
}

TEST_CASE("captured pointers and references are found, with operation and place", "[rdd][closure]") {
  int on_stack = 1;
  static int in_data = 2;
  auto on_heap = std::make_unique<std::array<char, 1'000'000>>();
  int* stack = &on_stack;
  int* data = &in_data;
  char* heap = on_heap->data();
  const char* literal = "text";
  CHECK_THROWS_AS(check([&on_stack](int x) { return x + on_stack; }), InvalidArgument);
  CHECK_THROWS_AS(check([stack](int x) { return x + *stack; }), InvalidArgument);
  CHECK_THROWS_AS(check([data](int x) { return x + *data; }), InvalidArgument);
  CHECK_THROWS_AS(check([heap](int x) { return x + *heap; }), InvalidArgument);
  CHECK_THROWS_AS(check([literal](int x) { return x + *literal; }), InvalidArgument);
  const int64_t number = 3;
  CHECK_THROWS_AS(check([number, stack](int x) { return x + *stack + static_cast<int>(number); }), InvalidArgument);
  CHECK_THROWS_WITH(check([stack](int x) { return x + *stack; }), Catch::Contains("map at program.cc:12") &&
                                                                      Catch::Contains("the stack") &&
                                                                      Catch::Contains("cerium.closure.checkCaptures"));
}

TEST_CASE("captured numbers are not taken for pointers", "[rdd][closure]") {
  const int64_t small = 42;
  const int64_t negative = -1;
  const double real = 3.25;
  const uint64_t hash = 0x9e3779b97f4a7c15ULL;
  CHECK_NOTHROW(
      check([=](double x) { return x + real + static_cast<double>(small + negative) + static_cast<double>(hash); }));
  CHECK_NOTHROW(check([](int x) { return x; }));
  CHECK_NOTHROW(check(&twice));
  CHECK_NOTHROW(check(&Shape::corners));
}

TEST_CASE("a pointer in a function with bound values is found too", "[rdd][closure]") {
  int local = 1;
  int* pointer = &local;
  CHECK_THROWS_AS(check(closure::bind([pointer](int x, const std::string&) { return x + *pointer; }, std::string("w"))),
                  InvalidArgument);
}

TEST_CASE("the second job over a long lineage looks at new functions only", "[rdd][closure]") {
  int looks = 0;
  NodePtr lineage = longLineage(1'000, looks);
  CHECK(checkJobCaptures(BareBody(lineage)) == 1'000);
  CHECK(looks == 1'000);
  CHECK(checkJobCaptures(BareBody(lineage)) == 0);
  NodePtr more = std::make_shared<FunctionNode>(std::vector<Dependency>{{lineage, nullptr}}, 7, looks);
  CHECK(checkJobCaptures(BareBody(more)) == 1);
  CHECK(looks == 1'001);
}

TEST_CASE("a captured pointer is refused by every job, also over functions that are good", "[rdd][closure]") {
  int looks = 0;
  NodePtr lineage = longLineage(30, looks);
  CHECK(checkJobCaptures(BareBody(lineage)) == 30);
  const auto pointer = reinterpret_cast<uintptr_t>(&looks);
  NodePtr bad = std::make_shared<FunctionNode>(std::vector<Dependency>{{lineage, nullptr}}, pointer, looks);
  auto shuffle = std::make_shared<ShuffleDependency>(ShuffleId(0), bad, 1, std::make_shared<BareBody>(bad));
  NodePtr last = std::make_shared<FunctionNode>(std::vector<Dependency>{{nullptr, shuffle}}, 7, looks);
  for (int job = 0; job < 3; ++job) CHECK_THROWS_AS(checkJobCaptures(BareBody(last)), InvalidArgument);
}

TEST_CASE("a function that cannot travel is detected by the compiler", "[rdd][closure]") {
  const std::string text = "x";
  const auto f = [text](int x) { return text + std::to_string(x); };
  STATIC_REQUIRE_FALSE(closure::kCanTravel<decltype(f)>);
  STATIC_REQUIRE(closure::kCanTravel<Contains>);
  STATIC_REQUIRE(closure::kCanTravel<int (*)(int)>);
  CHECK(f(1) == "x1");
}

TEST_CASE("the innermost operation whose function threw is the one that is named", "[rdd][closure]") {
  (void)closure::takeThrowSite();
  auto fail = [](int x) -> int { throw std::runtime_error(std::to_string(x)); };
  Located<decltype(fail)> inner{{"map", "inner.cc", 1}, fail};
  auto call = [&inner](int x) { return inner(x); };
  Located<decltype(call)> outer{{"filter", "outer.cc", 2}, call};
  CHECK_THROWS_WITH(outer(3), "3");
  const CallSite* site = closure::takeThrowSite();
  REQUIRE(site != nullptr);
  CHECK(site->str() == "map at inner.cc:1");
  CHECK(closure::takeThrowSite() == nullptr);
}

TEST_CASE("a number is no pointer where it lies among addresses that are only reserved", "[rdd][closure]") {
  constexpr size_t kBytes = size_t{2} << 40;  // as a sanitizer's shadow memory
  for (const int access : {PROT_NONE, PROT_READ | PROT_WRITE}) {
    void* reserved = mmap(nullptr, kBytes, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    REQUIRE(reserved != MAP_FAILED);
    const auto number = reinterpret_cast<uintptr_t>(reserved) + kBytes / 2;
    CHECK_NOTHROW(check([number](int x) { return number + static_cast<uintptr_t>(x); }));
    munmap(reserved, kBytes);
  }
}

}  // namespace cerium
