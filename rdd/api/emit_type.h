// Cerium. Licensed under the Apache License 2.0.
// Which type a flatMap function yields: the element of the range it returns, or what it hands to emit().
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

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wnon-template-friend"
// A generic lambda `[](const Line& l, auto emit) { emit(word); }` shows the type it emits only inside its body. A probe
// passed as `emit` remembers it: its call operator must be instantiated to find its return type, and that instantiates
// Remember, whose friend function then carries the type out (C++ Core issue 2118; g++ and clang agree on it).
template <class Call>
struct Remembered {
  friend auto emittedBy(Remembered<Call>);
};
#pragma GCC diagnostic pop

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

/// The type that F hands to emit when called with a T; `Named` where the caller named it.
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
