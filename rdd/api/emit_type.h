// Cerium. Licensed under the Apache License 2.0.
// The type of record that a flatMap function yields: the element type of the returned range, or the argument of emit().
#pragma once

#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

namespace cerium::api {

template <class Range>
struct RangeElement {
  using type = decltype(*std::begin(std::declval<std::remove_reference_t<Range>&>()));
};
template <class T>
struct RangeElement<std::optional<T>> {
  using type = T;
};
template <class Range>
struct RangeElement<Range&> : RangeElement<std::remove_cv_t<Range>> {};

#ifndef __clang__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wnon-template-friend"
#endif
// Only the body of a generic lambda `[](const Line& l, auto emit) { emit(word); }` shows the type that it emits. A
// probe passed as `emit` finds it: to deduce the probe's return type, the compiler must instantiate its call operator;
// that instantiates Remember, whose friend function carries the type out (C++ Core issue 2118; g++ and clang agree).
template <class Call>
struct Remembered {
  friend auto emittedBy(Remembered<Call>);
};
#ifndef __clang__
#pragma GCC diagnostic pop
#endif

template <class Call, class U>
struct Remember {
  friend auto emittedBy(Remembered<Call>) { return std::type_identity<U>(); }
};

template <class Call>
struct EmitProbe {
  template <class U>
  auto operator()(U&&) const {
    (void)sizeof(Remember<Call, std::decay_t<U>>);
  }
};

/// The type that F passes to emit when called with a T; `Named` if the caller named it.
template <class Named, class F, class T>
struct EmittedType {
  using type = Named;
};
template <class F, class T>
struct EmittedType<void, F, T> {
  struct Call;
  static_assert(std::is_invocable_v<F&, const T&, EmitProbe<Call>&>,
                "cerium: flatMap: the function takes neither a record nor (record, emit)");
  using Ran = decltype(std::declval<F&>()(std::declval<const T&>(), std::declval<EmitProbe<Call>&>()));
  static constexpr bool kRan = sizeof(std::type_identity<Ran>) > 0;
  using type = typename decltype(emittedBy(Remembered<std::enable_if_t<kRan, Call>>()))::type;
};

}  // namespace cerium::api
