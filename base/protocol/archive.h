// Cerium. Licensed under the Apache License 2.0.
// Encodes message variants with Boost.Serialization: one byte for the kind, then the struct in a binary archive. Lists
// and texts have bounded loaders, because the library's own allocate what a hostile count says.
// For the .cc files of this folder only. They name each struct of a variant twice (see messages.cc): CERIUM_FIELDS
// lists the fields that travel, CERIUM_PLAIN switches class information off.
#pragma once

#include <boost/archive/binary_iarchive_impl.hpp>
#include <boost/archive/binary_oarchive_impl.hpp>
#include <boost/archive/impl/archive_serializer_map.ipp>
#include <boost/archive/impl/basic_binary_iarchive.ipp>
#include <boost/archive/impl/basic_binary_iprimitive.ipp>
#include <boost/archive/impl/basic_binary_oarchive.ipp>
#include <boost/archive/impl/basic_binary_oprimitive.ipp>
#include <boost/serialization/level.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/tracking.hpp>
#include <concepts>
#include <map>
#include <streambuf>
#include <string>
#include <variant>
#include <vector>

#include "base/util/bytes.h"
#include "base/util/error.h"

namespace cerium::protocol {

class BytesSink final : public std::streambuf {
 public:
  explicit BytesSink(Bytes& out) : out_(out) {}

 private:
  std::streamsize xsputn(const char* data, std::streamsize size) override {
    out_.append(data, static_cast<size_t>(size));
    return size;
  }
  int_type overflow(int_type c) override {
    const char byte = traits_type::to_char_type(c);
    out_.append(&byte, 1);
    return c;
  }
  Bytes& out_;
};

class BytesSource final : public std::streambuf {
 public:
  BytesSource(const char* data, size_t size) {
    char* begin = const_cast<char*>(data);
    setg(begin, begin, begin + size);
  }
  [[nodiscard]] size_t left() const { return static_cast<size_t>(egptr() - gptr()); }
};

class OutArchive final : public boost::archive::binary_oarchive_impl<OutArchive, char, std::char_traits<char>> {
 public:
  explicit OutArchive(BytesSink& sink) : binary_oarchive_impl(sink, boost::archive::no_header) {}
  void saveRaw(const void* data, size_t size) { this->save_binary(data, size); }
};

class InArchive final : public boost::archive::binary_iarchive_impl<InArchive, char, std::char_traits<char>> {
 public:
  explicit InArchive(BytesSource& source) : binary_iarchive_impl(source, boost::archive::no_header), source_(source) {}
  size_t count() {
    uint64_t n = 0;
    *this >> n;
    if (n > source_.left()) throw CorruptData("a message names more elements than it has bytes");
    return n;
  }
  void loadRaw(void* data, size_t size) { this->load_binary(data, size); }

 private:
  BytesSource& source_;
};

template <class T>
concept Plain = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

// One pair of functions for each type of field. `io(archive, a, b, ...)` saves or loads several fields.
template <Plain T>
inline void field(OutArchive& archive, const T& value) {
  archive << value;
}
template <Plain T>
inline void field(InArchive& archive, T& value) {
  archive >> value;
}
/// A bool travels as a byte that is 0 or 1. Loading another byte into a bool would be undefined behaviour.
inline void field(OutArchive& archive, const bool& value) {
  const auto byte = static_cast<uint8_t>(value);
  archive << byte;
}
inline void field(InArchive& archive, bool& value) {
  uint8_t byte = 0;
  archive >> byte;
  if (byte > 1) throw CorruptData("a message has a truth value of " + std::to_string(byte));
  value = byte == 1;
}
/// An enumeration travels as a byte. Its last enumerator is kLast; larger bytes are refused.
template <class E>
  requires std::is_enum_v<E>
inline void field(OutArchive& archive, const E& value) {
  const auto byte = static_cast<uint8_t>(value);
  archive << byte;
}
template <class E>
  requires std::is_enum_v<E>
inline void field(InArchive& archive, E& value) {
  uint8_t byte = 0;
  archive >> byte;
  if (byte > static_cast<uint8_t>(E::kLast)) throw CorruptData("a message has a state of " + std::to_string(byte));
  value = static_cast<E>(byte);
}
inline void field(OutArchive& archive, const std::string& text) {
  const uint64_t n = text.size();
  archive << n;
  archive.saveRaw(text.data(), n);
}
inline void field(InArchive& archive, std::string& text) {
  text.resize(archive.count());
  archive.loadRaw(text.data(), text.size());
}
inline void field(OutArchive& archive, const Bytes& bytes) {
  const uint64_t n = bytes.size();
  archive << n;
  archive.saveRaw(bytes.data(), n);
}
inline void field(InArchive& archive, Bytes& bytes) {
  const size_t n = archive.count();
  bytes.clear();
  archive.loadRaw(bytes.grow(n), n);
}
template <class T>
  requires std::is_class_v<T>
inline void field(OutArchive& archive, const T& value) { archive << value; }
template <class T>
  requires std::is_class_v<T>
inline void field(InArchive& archive, T& value) { archive >> value; }
template <class T>
inline void field(OutArchive& archive, const std::vector<T>& list) {
  const uint64_t n = list.size();
  archive << n;
  for (const T& each : list) field(archive, each);
}
template <class T>
inline void field(InArchive& archive, std::vector<T>& list) {
  list.clear();
  for (size_t n = archive.count(); n > 0; --n) field(archive, list.emplace_back());
}
inline void field(OutArchive& archive, const std::map<std::string, std::string>& map) {
  const uint64_t n = map.size();
  archive << n;
  for (const auto& [key, value] : map) {
    field(archive, key);
    field(archive, value);
  }
}
inline void field(InArchive& archive, std::map<std::string, std::string>& map) {
  map.clear();
  for (size_t n = archive.count(); n > 0; --n) {
    std::string key;
    field(archive, key);
    field(archive, map[key]);
  }
}

template <class Archive, class... Fields>
void io(Archive& archive, Fields&... fields) {
  (field(archive, fields), ...);
}

template <class Set, size_t I = 0>
Set decodeKind(size_t kind, InArchive& archive) {
  if constexpr (I == std::variant_size_v<Set>) {
    throw CorruptData("a message is of kind " + std::to_string(kind) + ", which does not exist");
  } else {
    if (kind != I) return decodeKind<Set, I + 1>(kind, archive);
    std::variant_alternative_t<I, Set> message;
    archive >> message;
    return message;
  }
}

template <class Set>
Bytes encodeSet(const Set& message) {
  Bytes frame;
  const auto kind = static_cast<char>(message.index());
  frame.append(&kind, 1);
  BytesSink sink(frame);
  OutArchive archive(sink);
  std::visit([&](const auto& each) { archive << each; }, message);
  return frame;
}

template <class Set>
Set decodeSet(const Bytes& frame) {
  if (frame.empty()) throw CorruptData("a message is empty");
  BytesSource source(frame.data() + 1, frame.size() - 1);
  try {
    InArchive archive(source);
    Set message = decodeKind<Set>(static_cast<unsigned char>(*frame.data()), archive);
    if (source.left() > 0)
      throw CorruptData("a message is followed by " + std::to_string(source.left()) + " bytes more");
    return message;
  } catch (const boost::archive::archive_exception& e) {
    throw CorruptData(std::string("a message cannot be decoded: ") + e.what());
  }
}

}  // namespace cerium::protocol

// The fields of a struct. Boost.Serialization finds this function by argument-dependent look-up. Use it in namespace
// cerium::protocol.
#define CERIUM_FIELDS(Struct, ...)                                               \
  template <class Archive>                                                       \
  void serialize(Archive& archive, [[maybe_unused]] Struct& m, const unsigned) { \
    io(archive __VA_OPT__(, ) __VA_ARGS__);                                      \
  }

// Switches off object tracking and class information: both sides run the same build, and the handshake compares
// versions. Use it outside of any namespace.
#define CERIUM_PLAIN(Struct)                                                                      \
  BOOST_CLASS_IMPLEMENTATION(cerium::protocol::Struct, boost::serialization::object_serializable) \
  BOOST_CLASS_TRACKING(cerium::protocol::Struct, boost::serialization::track_never)
