// Cerium. Licensed under the Apache License 2.0.
// Encodes and decodes records. A type can travel when it is
//   1. bitwise: trivially copyable and not a pointer or view, or a pair, tuple or array of such types: one memcpy; or
//   2. a standard string, container, pair, tuple, optional or smart pointer of types that can travel; or
//   3. a type with a cereal `serialize` (or `save` and `load`), as a member or a free function.
// Only this folder names cereal.
#pragma once

#include <array>
#include <cereal/cereal.hpp>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/serde/wire.h"

namespace cerium {

class RecordOutputArchive;
class RecordInputArchive;

namespace serde {

template <class T>
struct IsView : std::bool_constant<std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>> {};
template <class C, class Traits>
struct IsView<std::basic_string_view<C, Traits>> : std::true_type {};
template <class T, size_t N>
struct IsView<std::span<T, N>> : std::true_type {};
template <class T>
struct IsView<std::reference_wrapper<T>> : std::true_type {};
// A view of a range points at elements of this process.
template <class T>
  requires std::ranges::enable_view<T>
struct IsView<T> : std::true_type {
};

template <class T>
struct IsBitwise : std::bool_constant<std::is_trivially_copyable_v<T> && !IsView<T>::value> {};
// std::pair and std::tuple have user-provided assignment, so the trait is false for them, but their bytes are their
// value.
template <class A, class B>
struct IsBitwise<std::pair<A, B>> : std::bool_constant<IsBitwise<A>::value && IsBitwise<B>::value> {};
template <class... Ts>
struct IsBitwise<std::tuple<Ts...>> : std::bool_constant<(IsBitwise<Ts>::value && ...)> {};
template <class T>
struct IsBitwise<std::optional<T>> : std::bool_constant<IsBitwise<T>::value && std::is_trivially_copyable_v<T>> {};
template <class T, size_t N>
struct IsBitwise<std::array<T, N>> : IsBitwise<T> {};

template <class T>
concept StdString = std::same_as<T, std::string>;

/// Any standard container: vector, deque, list, set, map and their unordered and multi variants.
template <class T>
concept Container = requires(T c, const T k) {
  typename T::value_type;
  typename T::iterator;
  typename T::allocator_type;
  k.begin();
  k.end();
  k.empty();
  c.clear();
}
&&!StdString<T>;

template <class T>
struct Unconst {
  using type = T;
};
template <class K, class V>
struct Unconst<std::pair<const K, V>> {
  using type = std::pair<K, V>;
};

template <class T>
inline constexpr bool kCereal = cereal::traits::is_output_serializable<T, RecordOutputArchive>::value&&
    cereal::traits::is_input_serializable<T, RecordInputArchive>::value;

template <class T>
struct CanTravel;

template <class T>
constexpr bool canTravel() {
  return CanTravel<std::remove_cv_t<T>>::value;
}

template <class T>
struct CanTravel {
  static constexpr bool check() {
    if constexpr (IsBitwise<T>::value || StdString<T>) {
      return true;
    } else if constexpr (IsView<T>::value || std::is_reference_v<T>) {
      return false;
    } else if constexpr (Container<T>) {
      return canTravel<typename Unconst<typename T::value_type>::type>();
    } else {
      return kCereal<T>;
    }
  }
  static constexpr bool value = check();
};
template <class A, class B>
struct CanTravel<std::pair<A, B>> : std::bool_constant<canTravel<A>() && canTravel<B>()> {};
template <class... Ts>
struct CanTravel<std::tuple<Ts...>> : std::bool_constant<(canTravel<Ts>() && ...)> {};
template <class T>
struct CanTravel<std::optional<T>> : std::bool_constant<canTravel<T>()> {};
template <class T, size_t N>
struct CanTravel<std::array<T, N>> : std::bool_constant<canTravel<T>()> {};
template <class T>
struct CanTravel<std::shared_ptr<T>> : std::bool_constant<canTravel<T>() && !std::is_abstract_v<T>> {};
template <class T>
struct CanTravel<std::unique_ptr<T>> : std::bool_constant<canTravel<T>() && !std::is_abstract_v<T>> {};

}  // namespace serde

/// A type that can be sent to another process, cached encoded and written to disk.
template <class T>
concept Serializable = serde::CanTravel<std::remove_cv_t<T>>::value;

/// True if the bytes of a T are its value: arrays of T are encoded by one memcpy.
template <class T>
inline constexpr bool kBitwise = serde::IsBitwise<T>::value;

/// Appends `value` to `out`. O(size).
template <class T>
void encodeValue(Writer& out, const T& value);

/// Decodes what encodeValue wrote. Throws CorruptData if the bytes end early or are malformed.
template <class T>
T decodeValue(Reader& in);

namespace serde {

template <class T>
struct Codec {  // with cereal
  static void encode(Writer& out, const T& value);
  static T decode(Reader& in);
};

template <class T>
  requires kBitwise<T>
struct Codec<T> {
  static void encode(Writer& out, const T& value) { out.raw(&value, sizeof value); }
  static T decode(Reader& in) {
    if constexpr (std::is_same_v<T, bool>) {
      return in.get<bool>();  // get<bool> also accepts bytes other than 0 and 1
    } else {
      alignas(T) char place[sizeof(T)];
      std::memcpy(place, in.raw(sizeof(T)), sizeof(T));
      return *std::launder(reinterpret_cast<T*>(place));
    }
  }
};

template <>
struct Codec<std::string> {
  static void encode(Writer& out, const std::string& value) { out.text(value); }
  static std::string decode(Reader& in) { return std::string(in.text()); }
};

template <class A, class B>
  requires(!kBitwise<std::pair<A, B>>)
struct Codec<std::pair<A, B>> {
  static void encode(Writer& out, const std::pair<A, B>& value) {
    encodeValue(out, value.first);
    encodeValue(out, value.second);
  }
  static std::pair<A, B> decode(Reader& in) {
    A first = decodeValue<A>(in);
    return {std::move(first), decodeValue<B>(in)};
  }
};

template <class... Ts>
  requires(!kBitwise<std::tuple<Ts...>>)
struct Codec<std::tuple<Ts...>> {
  static void encode(Writer& out, const std::tuple<Ts...>& value) {
    std::apply([&](const Ts&... parts) { (encodeValue(out, parts), ...); }, value);
  }
  static std::tuple<Ts...> decode(Reader& in) { return std::tuple<Ts...>{decodeValue<Ts>(in)...}; }
};

template <class T>
  requires(!kBitwise<std::optional<T>>)
struct Codec<std::optional<T>> {
  static void encode(Writer& out, const std::optional<T>& value) {
    out.put(static_cast<uint8_t>(value.has_value()));
    if (value) encodeValue(out, *value);
  }
  static std::optional<T> decode(Reader& in) {
    if (in.get<uint8_t>() == 0) return std::nullopt;
    return decodeValue<T>(in);
  }
};

template <class T, size_t N>
  requires(!kBitwise<T>)
struct Codec<std::array<T, N>> {
  static void encode(Writer& out, const std::array<T, N>& value) {
    for (const T& element : value) encodeValue(out, element);
  }
  static std::array<T, N> decode(Reader& in) {
    return [&]<size_t... I>(std::index_sequence<I...>) { return std::array<T, N>{((void)I, decodeValue<T>(in))...}; }
    (std::make_index_sequence<N>());
  }
};

template <class P>
struct PointerCodec {
  using T = typename P::element_type;
  static void encode(Writer& out, const P& value) {
    out.put(static_cast<uint8_t>(value != nullptr));
    if (value) encodeValue(out, *value);
  }
  static P decode(Reader& in) {
    if (in.get<uint8_t>() == 0) return nullptr;
    return P(new T(decodeValue<std::remove_const_t<T>>(in)));
  }
};
template <class T>
struct Codec<std::shared_ptr<T>> : PointerCodec<std::shared_ptr<T>> {};
template <class T>
struct Codec<std::unique_ptr<T>> : PointerCodec<std::unique_ptr<T>> {};

template <Container C>
struct Codec<C> {
  using Element = typename Unconst<typename C::value_type>::type;
  static constexpr bool kContiguous = kBitwise<Element> && requires(C c) { c.data(); };

  static void encode(Writer& out, const C& value) {
    out.varint(static_cast<uint64_t>(std::distance(value.begin(), value.end())));
    if constexpr (kContiguous) {
      out.raw(value.data(), value.size() * sizeof(Element));
    } else {
      for (auto&& element : value) {
        if constexpr (std::is_same_v<Element, bool>) {  // vector<bool> yields proxies
          out.put(static_cast<uint8_t>(static_cast<bool>(element)));
        } else if constexpr (std::is_same_v<Element, typename C::value_type>) {
          encodeValue<Element>(out, element);
        } else {
          encodeValue(out, element.first);
          encodeValue(out, element.second);
        }
      }
    }
  }

  static C decode(Reader& in) {
    size_t n = in.count();
    C value;
    if constexpr (kContiguous) {
      const char* bytes = in.raw(checkedBytes(in, n));
      value.resize(n);
      if (n > 0) std::memcpy(static_cast<void*>(value.data()), bytes, n * sizeof(Element));
    } else {
      for (size_t i = 0; i < n; ++i) value.insert(value.end(), decodeElement(in));
    }
    return value;
  }

 private:
  static size_t checkedBytes(Reader& in, size_t n) {
    return n > in.left() / sizeof(Element) ? SIZE_MAX : n * sizeof(Element);
  }
  static Element decodeElement(Reader& in) {
    if constexpr (std::is_same_v<Element, bool>) {
      return in.get<uint8_t>() != 0;
    } else if constexpr (std::is_same_v<Element, typename C::value_type>) {
      return decodeValue<Element>(in);
    } else {
      auto key = decodeValue<typename Element::first_type>(in);
      return {std::move(key), decodeValue<typename Element::second_type>(in)};
    }
  }
};

}  // namespace serde

template <class T>
void encodeValue(Writer& out, const T& value) {
  serde::Codec<T>::encode(out, value);
}

template <class T>
T decodeValue(Reader& in) {
  return serde::Codec<T>::decode(in);
}

namespace serde {
template <class T>
inline constexpr bool kOwnCodec = kBitwise<T> || StdString<T> || Container<T>;
template <class A, class B>
inline constexpr bool kOwnCodec<std::pair<A, B>> = true;
template <class... Ts>
inline constexpr bool kOwnCodec<std::tuple<Ts...>> = true;
template <class T>
inline constexpr bool kOwnCodec<std::optional<T>> = true;
template <class T, size_t N>
inline constexpr bool kOwnCodec<std::array<T, N>> = true;
template <class T>
inline constexpr bool kOwnCodec<std::shared_ptr<T>> = true;
template <class T>
inline constexpr bool kOwnCodec<std::unique_ptr<T>> = true;
}  // namespace serde

/// The archive that a user's `serialize` writes to. Types that Cerium encodes itself bypass cereal, so a `serialize`
/// may name strings, containers and optionals without including cereal's headers for them.
class RecordOutputArchive : public cereal::OutputArchive<RecordOutputArchive, cereal::AllowEmptyClassElision> {
  using Base = cereal::OutputArchive<RecordOutputArchive, cereal::AllowEmptyClassElision>;

 public:
  // Not inline: cereal's base class has six hash tables that records do not use.
  explicit RecordOutputArchive(Writer& out);
  ~RecordOutputArchive();

  template <class... Ts>
  RecordOutputArchive& operator()(Ts&&... values) {
    (one(values), ...);
    return *this;
  }
  template <class T>
  RecordOutputArchive& operator&(T&& value) {
    return (*this)(value);
  }
  template <class T>
  RecordOutputArchive& operator<<(T&& value) {
    return (*this)(value);
  }
  void saveBinary(const void* data, std::streamsize size) { out_->raw(data, static_cast<size_t>(size)); }

 private:
  template <class T>
  void one(const T& value) {
    if constexpr (serde::kOwnCodec<T>) {
      encodeValue(*out_, value);
    } else {
      Base::operator()(value);
    }
  }
  template <class T>
  void one(const cereal::NameValuePair<T>& pair) {
    one(pair.value);
  }
  template <class T>
  void one(const cereal::SizeTag<T>& tag) {
    out_->varint(static_cast<uint64_t>(tag.size));
  }

  Writer* out_;
};

/// The archive that a user's `serialize` reads from.
class RecordInputArchive : public cereal::InputArchive<RecordInputArchive, cereal::AllowEmptyClassElision> {
  using Base = cereal::InputArchive<RecordInputArchive, cereal::AllowEmptyClassElision>;

 public:
  explicit RecordInputArchive(Reader& in);
  ~RecordInputArchive();

  template <class... Ts>
  RecordInputArchive& operator()(Ts&&... values) {
    (one(values), ...);
    return *this;
  }
  template <class T>
  RecordInputArchive& operator&(T&& value) {
    return (*this)(value);
  }
  template <class T>
  RecordInputArchive& operator>>(T&& value) {
    return (*this)(value);
  }
  void loadBinary(void* data, std::streamsize size) {
    std::memcpy(data, in_->raw(static_cast<size_t>(size)), static_cast<size_t>(size));
  }

 private:
  template <class T>
  void one(T& value) {
    if constexpr (serde::kOwnCodec<T>) {
      value = decodeValue<T>(*in_);
    } else {
      Base::operator()(value);
    }
  }
  template <class T>
  void one(cereal::NameValuePair<T>& pair) {
    one(pair.value);
  }
  template <class T>
  void one(cereal::SizeTag<T>& tag) {
    tag.size = static_cast<std::remove_reference_t<T>>(in_->count());
  }

  Reader* in_;
};

// Called by cereal's own container headers, if a user includes them.
template <class T>
  requires std::is_arithmetic_v<T>
void CEREAL_SAVE_FUNCTION_NAME(RecordOutputArchive& archive, const T& value) {
  archive.saveBinary(&value, sizeof value);
}
template <class T>
  requires std::is_arithmetic_v<T>
void CEREAL_LOAD_FUNCTION_NAME(RecordInputArchive& archive, T& value) { archive.loadBinary(&value, sizeof value); }
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(RecordOutputArchive& archive, const cereal::BinaryData<T>& data) {
  archive.saveBinary(data.data, static_cast<std::streamsize>(data.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(RecordInputArchive& archive, cereal::BinaryData<T>& data) {
  archive.loadBinary(data.data, static_cast<std::streamsize>(data.size));
}

namespace serde {

template <class T>
void Codec<T>::encode(Writer& out, const T& value) {
  RecordOutputArchive archive(out);
  archive(value);
}

template <class T>
T Codec<T>::decode(Reader& in) {
  static_assert(
      std::is_default_constructible_v<T> || requires { cereal::access::construct<T>(); },
      "cerium: a record type with a `serialize` function needs a default constructor");
  T* made = cereal::access::construct<T>();
  std::unique_ptr<T> owner(made);
  RecordInputArchive archive(in);
  archive(*made);
  return std::move(*made);
}

/// Bytes that encodeValue will write. For a type with `serialize` this is a guess, unless `Exact`: then the value is
/// encoded to measure it.
template <bool Exact = false, class T>
size_t encodedBytes(const T& value) {
  if constexpr (kBitwise<T>) {
    return sizeof value;
  } else if constexpr (StdString<T>) {
    return value.size() + (value.size() < 128 ? 1 : 2);
  } else if constexpr (Container<T>) {
    size_t bytes = 1;
    for (const auto& element : value) bytes += encodedBytes<Exact>(element);
    return bytes;
  } else if constexpr (requires {
                         value.first;
                         value.second;
                       }) {
    return encodedBytes<Exact>(value.first) + encodedBytes<Exact>(value.second);
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return 1 + (value ? encodedBytes<Exact>(*value) : 0);
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    return std::apply([](const auto&... parts) { return (size_t{0} + ... + encodedBytes<Exact>(parts)); }, value);
  } else if constexpr (Exact) {
    Bytes bytes;
    Writer out(bytes);
    encodeValue(out, value);
    return bytes.size();
  } else {
    return sizeof value;
  }
}

/// Bytes on the heap that `value` owns, approximately. Budgets charge them beside sizeof.
template <class T>
size_t heapBytes(const T& value) {
  if constexpr (kBitwise<T>) {
    return 0;
  } else if constexpr (StdString<T>) {
    return value.capacity() > 15 ? value.capacity() + 1 : 0;
  } else if constexpr (Container<T>) {
    using Element = typename T::value_type;
    constexpr bool kFlat = requires { value.data(); };
    size_t n = static_cast<size_t>(std::distance(value.begin(), value.end()));
    size_t bytes = n * (sizeof(Element) + (kFlat ? 0 : 4 * sizeof(void*)));
    if constexpr (!kBitwise<typename Unconst<Element>::type>) {
      for (const auto& element : value) bytes += heapBytes(element);
    }
    return bytes;
  } else if constexpr (requires {
                         value.first;
                         value.second;
                       }) {
    return heapBytes(value.first) + heapBytes(value.second);
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return value ? heapBytes(*value) : 0;
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    return std::apply([](const auto&... parts) { return (size_t{0} + ... + heapBytes(parts)); }, value);
  } else {
    return 64;  // a class with `serialize`: its members are unknown, so a typical small object is charged
  }
}

}  // namespace serde
}  // namespace cerium

CEREAL_REGISTER_ARCHIVE(cerium::RecordOutputArchive)
CEREAL_REGISTER_ARCHIVE(cerium::RecordInputArchive)
CEREAL_SETUP_ARCHIVE_TRAITS(cerium::RecordInputArchive, cerium::RecordOutputArchive)
