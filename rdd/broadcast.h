// Cerium. Licensed under the Apache License 2.0.
// Broadcast variables: values that are sent to each executor at most once and read by all its tasks.
#pragma once

#include <memory>
#include <string>

#include "base/serde/codec.h"
#include "base/util/ids.h"

namespace cerium {

/// The broadcast values of this process by id: in the driver all values, in an executor the ones that tasks have asked
/// for. Threads: all methods from any thread.
class BroadcastRegistry {
 public:
  using Decode = std::shared_ptr<const void> (*)(const Bytes&);
  /// Fetches the bytes of a value that an executor does not have. Throws Error if the value is gone.
  using Fetch = std::shared_ptr<const Bytes> (*)(void* context, BroadcastId id);

  static BroadcastRegistry& instance();

  [[nodiscard]] BroadcastId add(std::shared_ptr<const void> value);
  void remove(BroadcastId id);
  void setFetcher(Fetch fetch, void* context);
  /// The value, valid until it is removed. Throws Error if the broadcast was destroyed, and InvalidArgument if the
  /// calling task belongs to another Context.
  const void* find(BroadcastId id, Decode decode);

 private:
  friend class BroadcastOwner;
  BroadcastRegistry() = default;
  struct State;
  static State& state();
};

/// The part of a Context that its Broadcast handles call.
class BroadcastOwner {
 public:
  virtual ~BroadcastOwner() = default;
  /// Drops the value on executors; they fetch it again at its next use.
  virtual void unpersistBroadcast(BroadcastId id) = 0;
  virtual void destroyBroadcast(BroadcastId id) = 0;
  [[nodiscard]] virtual ContextId contextId() const = 0;
  static BroadcastOwner* of(BroadcastId id);
  static void setOwner(BroadcastId id, BroadcastOwner* owner);
};

/// The error text for a task that uses a broadcast of another Context.
[[nodiscard]] std::string foreignBroadcast(BroadcastId id);

/// A light handle that lambdas capture by value. It finds the value in the current process.
///   auto stop = sc.broadcast(words); lines.filter([stop](const std::string& w) { return !stop->count(w); });
template <class T>
class Broadcast {
 public:
  Broadcast() = default;
  explicit Broadcast(BroadcastId id) : id_(id) {}

  /// The value. The first use in an executor fetches it, also from other executors; later uses cost a look-up.
  const T& value() const { return *static_cast<const T*>(BroadcastRegistry::instance().find(id_, &decode)); }
  /// The value, as value().
  const T& operator*() const { return value(); }
  const T* operator->() const { return &value(); }

  /// Frees the executors' copies; the value stays usable. Returns at once: `blocking`, as Spark has it, is ignored.
  void unpersist([[maybe_unused]] bool blocking = false) const {
    if (auto* owner = BroadcastOwner::of(id_)) owner->unpersistBroadcast(id_);
  }
  /// Frees every copy. Later uses of the handle throw Error.
  void destroy([[maybe_unused]] bool blocking = false) const {
    if (auto* owner = BroadcastOwner::of(id_)) owner->destroyBroadcast(id_);
  }
  /// The number of the broadcast, as messages and pages name it.
  [[nodiscard]] int64_t id() const { return id_.value; }

 private:
  static std::shared_ptr<const void> decode(const Bytes& bytes) {
    Reader in(bytes);
    return std::make_shared<const T>(decodeValue<T>(in));
  }
  BroadcastId id_;
};

}  // namespace cerium
