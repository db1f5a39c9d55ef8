// Cerium. Licensed under the Apache License 2.0.
// Forward declarations of the typed API.
#pragma once

namespace cerium {

template <class T>
class RDD;
template <class S, class P, class T>
class Chain;
class Context;

/// RDD<T> and every Chain.
template <class X>
concept IsRdd = requires {
  typename X::rdd_tag;
};

}  // namespace cerium
