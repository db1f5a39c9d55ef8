// Cerium. Licensed under the Apache License 2.0.
// Broadcast variables: a value sent to each executor at most once, read by all its tasks.
#pragma once

#include <memory>
#include <string>

#include "base/serde/codec.h"
#include "base/util/ids.h"

namespace cerium {

/// The broadcast values of this process by id. In the driver every value from the start; in an executor those that a
/// task has asked for. Threads: all methods from any thread.
class BroadcastRegistry {
 public:
  using Decode = std::shared_ptr<const void> (*)(const Bytes&);
  /// How an executor gets the bytes of a value it does not have; throws Error where the value is gone.
  using Fetch = std::shared_ptr<const Bytes> (*)(void* context, BroadcastId id);

  static BroadcastRegistry& instance();

  [[nodiscard]] BroadcastId add(std::shared_ptr<const void> value);
  void remove(BroadcastId id);
  void setFetcher(Fetch fetch, void* context);
  /// The value, valid until it is removed. Throws Error for a destroyed broadcast, InvalidArgument for one of another
  /// Context than the task's that asks.
  const void* find(BroadcastId id, Decode decode);

 private:
  friend class BroadcastOwner;
  BroadcastRegistry() = default;
  struct State;
  static State& state();
};

/// What a Broadcast handle asks of the Context that made it.
class BroadcastOwner {
 public:
  virtual ~BroadcastOwner() = default;
  /// Drops the value on executors; they fetch it again when it is used again.
  virtual void unpersistBroadcast(BroadcastId id) = 0;
  virtual void destroyBroadcast(BroadcastId id) = 0;
  [[nodiscard]] virtual ContextId contextId() const = 0;
  static BroadcastOwner* of(BroadcastId id);
  static void setOwner(BroadcastId id, BroadcastOwner* owner);
};

/// The text of the error where a task uses a broadcast of another Context than its own.
[[nodiscard]] std::string foreignBroadcast(BroadcastId id);

/// A light handle that lambdas may capture by value; the value itself is found in the process at hand.
///   auto stop = sc.broadcast(words); lines.filter([stop](const std::string& w) { return !stop->count(w); });
template <class T>
class Broadcast {
 public:
  Broadcast() = default;
  explicit Broadcast(BroadcastId id) : id_(id) {}

  /// The value. In an executor the first use fetches it (from other executors too), later ones cost a look-up.
  const T& value() const { return *static_cast<const T*>(BroadcastRegistry::instance().find(id_, &decode)); }
  const T& operator*() const { return value(); }
  const T* operator->() const { return &value(); }

  /// Frees the executors' copies. The value stays usable. `blocking`, Spark's, changes nothing.
  void unpersist([[maybe_unused]] bool blocking = false) const {
    if (auto* owner = BroadcastOwner::of(id_)) owner->unpersistBroadcast(id_);
  }
  /// Frees every copy; using the handle afterwards is an Error.
  void destroy([[maybe_unused]] bool blocking = false) const {
    if (auto* owner = BroadcastOwner::of(id_)) owner->destroyBroadcast(id_);
  }
  [[nodiscard]] int64_t id() const { return id_.value; }

 private:
  static std::shared_ptr<const void> decode(const Bytes& bytes) {
    Reader in(bytes);
    return std::make_shared<const T>(decodeValue<T>(in));
  }
  BroadcastId id_;
};

}  // namespace cerium
