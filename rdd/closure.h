// Cerium. Licensed under the Apache License 2.0.
// Sends a user's function to executors: its code as the entry of its caller, its captures as bytes. There are three
// kinds: a lambda with trivially copyable captures (bytes), a functor with `serialize`, and a plain function or member
// pointer (module and offset). Larger state is bound after the function, as with std::thread.
#pragma once

#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/serde/codec.h"
#include "base/util/call_site.h"
#include "rdd/entry_table.h"
#include "rdd/record_type.h"

namespace cerium {

/// Called for each user function of a node with the operation and the bytes of its captures (size 0: none).
using ClosureVisitor = std::function<void(const CallSite& site, const void* captures, size_t size)>;

/// Looks for pointers among the words of the captures: an address that is mapped in this process (stack, heap, data,
/// text) means nothing in another. Throws InvalidArgument that names the operation and its place.
void checkCaptures(const CallSite& site, const void* captures, size_t size);

namespace closure {

template <class F>
inline constexpr bool kFunctionPointer = std::is_pointer_v<F>&& std::is_function_v<std::remove_pointer_t<F>>;
template <class F>
inline constexpr bool kMemberPointer = std::is_member_pointer_v<F>;

/// Calls any callable. Plain functions and lambdas avoid the template cost of std::invoke.
template <class F, class... Args>
decltype(auto) call(F& f, Args&&... args) {
  if constexpr (kMemberPointer<F>) {
    return std::invoke(f, std::forward<Args>(args)...);
  } else {
    return f(std::forward<Args>(args)...);
  }
}

/// f(acc, x), for a function that takes its accumulator by value or changes it in place.
template <class F, class Acc, class X>
  requires(!std::is_lvalue_reference_v<Acc>)
Acc accumulate(F& f, Acc&& acc, X&& x) {
  using Own = std::conditional_t<std::is_invocable_v<F&, Acc&&, X&&>, Acc&&, Acc&>;
  if constexpr (std::is_same_v<std::invoke_result_t<F&, Own, X&&>, Acc&>) {
    Acc& result = call(f, static_cast<Own>(acc), std::forward<X>(x));
    if (&result == &acc) return std::move(acc);  // the function returned its argument, so no copy is needed
    return result;
  } else {
    return call(f, static_cast<Own>(acc), std::forward<X>(x));
  }
}
/// Whether accumulate() can call F.
template <class F, class Acc, class X>
inline constexpr bool kAccumulates =
    std::is_invocable_r_v<Acc, F&, Acc&&, X> || std::is_invocable_r_v<Acc, F&, Acc&, X>;

/// A function with values bound after its own arguments: filter(f, word) calls f(record, word). The copies that tasks
/// make of the function share the values, which are const.
template <class F, class... Bound>
struct WithBound {
  using Values = std::tuple<Bound...>;
  F f;
  std::shared_ptr<const Values> bound;

  template <class... Args>
    requires std::is_invocable_v<F&, Args..., const Bound&...>
  decltype(auto) operator()(Args&&... args) {
    return std::apply(
        [&](const Bound&... values) -> decltype(auto) { return call(f, std::forward<Args>(args)..., values...); },
        *bound);
  }
};

/// F takes `Args` followed by the bound values, and not `Args` alone. This tells f(x, a) from other parameters.
template <class F, class Bound, class... Args>
concept TakesBound = !std::is_invocable_v<F&, Args...> && std::is_invocable_v<F&, Args..., const RecordType<Bound>&>;

template <class F>
inline constexpr bool kIsBound = false;
template <class F, class... Bound>
inline constexpr bool kIsBound<WithBound<F, Bound...>> = true;

/// The function's bytes are its value, as for a lambda that captures an int. (A captured std::pair is copied trivially
/// too, but std::is_trivially_copyable is false because of its assignment.)
template <class F>
inline constexpr bool kPlain = std::is_trivially_copy_constructible_v<F>&& std::is_trivially_destructible_v<F>;
template <class F>
inline constexpr bool kWithSerialize = std::is_class_v<F> && !kPlain<F> && serde::kCereal<F>;

/// A function object of the engine, made of Parts, which encodes itself.
template <class F>
inline constexpr bool kComposite = requires(const F& f, Writer& out, Reader& in) {
  f.encode(out);
  { F::decode(in) } -> std::same_as<F>;
};

template <class F>
inline constexpr bool kCanTravel =
    kComposite<F> || kFunctionPointer<F> || kMemberPointer<F> || kPlain<F> || kWithSerialize<F>;
template <class F, class... Bound>
inline constexpr bool kCanTravel<WithBound<F, Bound...>> = kCanTravel<F>;

/// Fails to compile, with one readable error, for a function that cannot travel.
template <class Operation, class F>
constexpr void require() {
  static_assert(std::is_nothrow_destructible_v<F>,
                "cerium: the destructor of this function object may throw, which would end the process; make it "
                "noexcept");
  static_assert(
      kCanTravel<F>,
      "cerium: this function captures something that is not trivially copyable (a std::string, a container, a "
      "smart pointer, an RDD), so it cannot travel to an executor. Two ways out: pass the value after the "
      "function, as in rdd.filter([](const T& x, const std::string& w) { ... }, word); or use a functor struct "
      "with a `serialize` member. For data that many tasks read, capture a Broadcast.");
}

template <class F>
void encode(Writer& out, const F& f) {
  if constexpr (kIsBound<F>) {
    closure::encode(out, f.f);
    encodeValue(out, *f.bound);
  } else if constexpr (kComposite<F>) {
    f.encode(out);
  } else if constexpr (kFunctionPointer<F>) {
    out.put(encodeFunctionPointer(reinterpret_cast<const void*>(f)));
  } else if constexpr (std::is_member_function_pointer_v<F>) {
    // Itanium C++ ABI 2.3: an even first word is the function's address, an odd one an offset in the vtable.
    uintptr_t words[2];
    static_assert(sizeof(F) == sizeof words);
    std::memcpy(words, &f, sizeof words);
    out.put(words[0] % 2 == 0 ? encodeFunctionPointer(reinterpret_cast<const void*>(words[0])) : EntryId{0, words[0]});
    out.put(words[1]);
  } else if constexpr (kMemberPointer<F>) {
    out.raw(&f, sizeof f);
  } else if constexpr (kPlain<F>) {
    if constexpr (!std::is_empty_v<F>) out.raw(&f, sizeof f);
  } else {
    encodeValue(out, f);
  }
}

template <class F>
F decode(Reader& in) {
  if constexpr (kIsBound<F>) {
    auto f = closure::decode<decltype(F::f)>(in);
    return {std::move(f), std::make_shared<const typename F::Values>(decodeValue<typename F::Values>(in))};
  } else if constexpr (kComposite<F>) {
    return F::decode(in);
  } else if constexpr (kFunctionPointer<F>) {
    return reinterpret_cast<F>(decodeFunctionPointer(in.get<EntryId>()));
  } else if constexpr (std::is_member_function_pointer_v<F>) {
    auto id = in.get<EntryId>();
    if (id.module == 0 && id.offset % 2 == 0) throw CorruptData("a pointer to a member function has a bare address");
    uintptr_t words[2] = {id.module == 0 ? id.offset : reinterpret_cast<uintptr_t>(decodeFunctionPointer(id)),
                          in.get<uintptr_t>()};
    F f;
    std::memcpy(&f, words, sizeof f);
    return f;
  } else if constexpr (kMemberPointer<F>) {
    return in.get<F>();
  } else if constexpr (kPlain<F>) {
    alignas(F) char place[sizeof(F)] = {};
    if constexpr (!std::is_empty_v<F>) std::memcpy(place, in.raw(sizeof(F)), sizeof(F));
    return *std::launder(reinterpret_cast<F*>(place));
  } else {
    return decodeValue<F>(in);
  }
}

template <class F>
void visit(const ClosureVisitor& visitor, const CallSite& site, const F& f) {
  if constexpr (kIsBound<F>) {
    visit(visitor, site, f.f);
  } else if constexpr (kComposite<F>) {
    f.visit(visitor);
  } else {
    constexpr bool kHasCaptures = kPlain<F> && !std::is_empty_v<F> && !kFunctionPointer<F> && !kMemberPointer<F>;
    visitor(site, &f, kHasCaptures ? sizeof f : 0);
  }
}

/// The function that an operation stores for `f` and the values bound after it.
template <class F, class... Bound>
auto bind(F f, Bound... bound) {
  if constexpr (sizeof...(Bound) == 0) {
    return f;
  } else {
    static_assert((Serializable<RecordType<Bound>> && ...),
                  "cerium: a value bound after the function cannot be serialized; give its type a `serialize` member");
    using Made = WithBound<F, RecordType<Bound>...>;
    return Made{std::move(f), std::make_shared<const typename Made::Values>(std::move(bound)...)};
  }
}

/// Remembers which operation's function threw on this thread, for the error report. The innermost one wins.
void noteThrow(const CallSite& site) noexcept;
/// The site noted since the last call, or null; forgets it.
[[nodiscard]] const CallSite* takeThrowSite() noexcept;

void encodeSite(Writer& out, const CallSite& site);
CallSite decodeSite(Reader& in);

}  // namespace closure

/// A user's function with its operation. It encodes itself, and notes its site when it throws.
template <class F>
struct Located {
  CallSite site;
  F f;

  template <class... Args>
    requires std::is_invocable_v<F&, Args...>
  decltype(auto) operator()(Args&&... args) {
    try {
      return closure::call(f, std::forward<Args>(args)...);
    } catch (...) {
      closure::noteThrow(site);
      throw;
    }
  }
  void encode(Writer& out) const {
    closure::encodeSite(out, site);
    try {
      closure::encode(out, f);
    } catch (...) {
      closure::noteThrow(site);
      throw;
    }
  }
  static Located decode(Reader& in) {
    CallSite site = closure::decodeSite(in);
    try {
      return {site, closure::decode<F>(in)};
    } catch (...) {
      closure::noteThrow(site);
      throw;
    }
  }
  void visit(const ClosureVisitor& visitor) const { closure::visit(visitor, site, f); }
};

/// A value that travels with an operation's functions: a zero value, a number of records, a bound.
template <class T>
struct Carried {
  T value;

  void encode(Writer& out) const { encodeValue(out, value); }
  static Carried decode(Reader& in) { return {decodeValue<T>(in)}; }
  void visit(const ClosureVisitor&) const {}
};

namespace closure {

/// The members of a Parts. Compiles several times faster than a std::tuple.
template <class... Members>
struct PartList {
  void encode(Writer&) const {}
  void visit(const ClosureVisitor&) const {}
  static PartList decode(Reader&) { return {}; }
};
template <class First, class... Rest>
struct PartList<First, Rest...> {
  First first;
  [[no_unique_address]] PartList<Rest...> rest = {};

  void encode(Writer& out) const {
    first.encode(out);
    rest.encode(out);
  }
  void visit(const ClosureVisitor& visitor) const {
    first.visit(visitor);
    rest.visit(visitor);
  }
  static PartList decode(Reader& in) { return {First::decode(in), PartList<Rest...>::decode(in)}; }
};

template <size_t I, class List>
auto& partOf(List& list) {
  if constexpr (I == 0) {
    return list.first;
  } else {
    return partOf<I - 1>(list.rest);
  }
}

}  // namespace closure

/// The functions and values of an operation. Encodes, decodes and visits them in order.
template <class... Members>
struct Parts {
  using List = closure::PartList<Members...>;
  List members;

  Parts() requires(sizeof...(Members) == 0) = default;
  Parts(List all) : members(std::move(all)) {}  // NOLINT: meant to convert
  Parts(Members... each) requires(sizeof...(Members) > 0) : members(listOf(std::move(each)...)) {}

  template <size_t I>
  auto& part() {
    return closure::partOf<I>(members);
  }
  template <size_t I>
  const auto& part() const {
    return closure::partOf<I>(members);
  }
  void encode(Writer& out) const { members.encode(out); }
  void visit(const ClosureVisitor& visitor) const { members.visit(visitor); }

 protected:
  static List decodeMembers(Reader& in) { return List::decode(in); }

 private:
  static closure::PartList<> listOf() { return {}; }
  template <class First, class... Rest>
  static closure::PartList<First, Rest...> listOf(First first, Rest... rest) {
    return {std::move(first), listOf(std::move(rest)...)};
  }
};

/// `f` with values bound after its own arguments, for any operation that takes a function; they travel with it. Every
/// call gets const references to one copy of the values, which all calls in a process share. Does not compile if `f`
/// cannot travel or a value cannot be serialized. Costs the encoded size of the values for each stage and executor; use
/// a Broadcast for large ones.
///   auto isIt = [](const std::string& text, const std::string& word, int n) { return text.substr(n) == word; };
///   lines.filter(with(isIt, word, 3)).count();
template <class F, class... Bound>
auto with(F f, Bound... bound) {
  return closure::bind(std::move(f), std::move(bound)...);
}

}  // namespace cerium
