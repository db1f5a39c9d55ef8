// Cerium. Licensed under the Apache License 2.0.
// The hash table behind every aggregation by key: open addressing, linear probing, a tag byte a slot, entries inline.
// Slots are found by a multiplicative hash (Knuth, TAOCP vol. 3, 6.4); the tag rules out most wrong slots without
// touching the entry (Swiss tables do the same, with SIMD). Iteration is in slot order: the same insertions give the
// same order, which is what makes a recomputed partition equal to the lost one.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/util/hash.h"

namespace cerium {

/// Map from K to C. Threads: externally synchronised.
/// `seed` chooses the multiplier: filling one table in the slot order of another with the same one builds long runs,
/// which makes the filling quadratic. Tables that may be filled from each other take their RDDs' ids.
template <class K, class C>
class CombineTable {
  static constexpr bool kKeepHash = !std::is_scalar_v<K>;  // a scalar is hashed again faster than its hash is loaded

  struct NoHash {
    NoHash(uint64_t) {}  // NOLINT: meant to convert
  };
  using StoredHash = std::conditional_t<kKeepHash, uint64_t, NoHash>;

 public:
  struct Entry {
    [[no_unique_address]] StoredHash hash;
    C value;  // before the key: made first, while a key that is about to move in can still be looked at
    K key;
  };

  explicit CombineTable(uint64_t seed = 0) : multiplier_(keys::mix(seed + 0x9e3779b97f4a7c15ULL) | 1) {}
  CombineTable(const CombineTable&) = delete;
  CombineTable& operator=(const CombineTable&) = delete;
  ~CombineTable() {
    destroyEntries();
    release();
  }

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Bytes of the table itself, now and after the next growth; what entries own on the heap is the caller's to count.
  [[nodiscard]] size_t tableBytes() const { return capacity_ * (sizeof(Entry) + 1); }
  [[nodiscard]] size_t bytesAfterGrowth() const {
    return (capacity_ == 0 ? kFirst : 2 * capacity_) * (sizeof(Entry) + 1);
  }
  [[nodiscard]] bool mustGrow() const { return size_ >= limit_; }

  static uint64_t hashOf(const K& key) { return Hash<K>()(key); }
  [[nodiscard]] static uint64_t hashOf(const Entry& entry) {
    if constexpr (kKeepHash) {
      return entry.hash;
    } else {
      return hashOf(entry.key);
    }
  }

  void prefetch(uint64_t hash) const {
    const size_t slot = slotOf(hash);
    __builtin_prefetch(tags_ + slot);
    __builtin_prefetch(entries_ + slot, 1);
  }

  /// Calls `merge(C&)` for a known key; else stores the key with `make()`. Amortised O(1).
  template <class Key, class Make, class Merge>
  void upsert(Key&& key, uint64_t hash, Make&& make, Merge&& merge) {
    if (mustGrow()) [[unlikely]]
      grow();
    const uint8_t tag = tagOf(hash);
    for (size_t slot = slotOf(hash);; slot = (slot + 1) & mask_) {
      if (tags_[slot] == tag) {
        Entry& entry = entries_[slot];
        if (matches(entry, key, hash)) {
          merge(entry.value);
          return;
        }
      } else if (tags_[slot] == kEmpty) {
        new (entries_ + slot) Entry{hash, make(), K(std::forward<Key>(key))};
        tags_[slot] = tag;
        ++size_;
        return;
      }
    }
  }

  [[nodiscard]] C* find(const K& key, uint64_t hash) {
    if (size_ == 0) return nullptr;
    const uint8_t tag = tagOf(hash);
    for (size_t slot = slotOf(hash); tags_[slot] != kEmpty; slot = (slot + 1) & mask_) {
      if (tags_[slot] == tag && matches(entries_[slot], key, hash)) return &entries_[slot].value;
    }
    return nullptr;
  }

  /// Room for `n` entries without growing again.
  void reserve(size_t n) {
    size_t capacity = kFirst;
    while (limitOf(capacity) < n + 1) capacity *= 2;
    if (capacity > capacity_) rehash(capacity);
  }

  /// Calls `visit(Entry&)` in slot order.
  template <class Visit>
  void forEach(Visit&& visit) {
    for (size_t slot = nextFilled(0); slot < capacity_; slot = nextFilled(slot + 1)) visit(entries_[slot]);
  }
  /// For reading in steps: the first filled slot at or after `slot`; capacity() at the end.
  [[nodiscard]] size_t nextFilled(size_t slot) const {
    while (slot < capacity_ && tags_[slot] == kEmpty) ++slot;
    return slot;
  }
  [[nodiscard]] size_t capacity() const { return capacity_; }
  Entry& entryAt(size_t slot) { return entries_[slot]; }

  /// Destroys the entries and keeps the memory.
  void clear() {
    destroyEntries();
    if (capacity_ > 0) std::memset(tags_, kEmpty, capacity_);
    size_ = 0;
  }

 private:
  static constexpr size_t kFirst = 64;
  static constexpr uint8_t kEmpty = 0;
  static constexpr size_t kHugePage = size_t{2} << 20;

  static size_t limitOf(size_t capacity) { return capacity - capacity / 4; }
  // Bits that neither the slot (high bits of the product) nor a HashPartitioner (high bits of the hash) depend on much.
  static uint8_t tagOf(uint64_t hash) { return static_cast<uint8_t>(0x80 | (hash & 0x7f)); }
  [[nodiscard]] size_t slotOf(uint64_t hash) const { return (hash * multiplier_) >> shift_; }

  template <class Key>
  static bool matches(const Entry& entry, const Key& key, uint64_t hash) {
    if constexpr (kKeepHash) {
      if (entry.hash != hash) return false;
    }
    return KeyEqual()(entry.key, static_cast<const K&>(key));
  }

  void grow() { rehash(capacity_ == 0 ? kFirst : 2 * capacity_); }

  [[gnu::noinline]] void rehash(size_t capacity) {
    Entry* old_entries = entries_;
    uint8_t* old_tags = tags_;
    const size_t old_capacity = capacity_;
    allocate(capacity);
    for (size_t i = 0; i < old_capacity; ++i) {
      if (old_tags[i] == kEmpty) continue;
      const uint64_t hash = hashOf(old_entries[i]);
      size_t slot = slotOf(hash);
      while (tags_[slot] != kEmpty) slot = (slot + 1) & mask_;
      new (entries_ + slot) Entry(std::move(old_entries[i]));
      old_entries[i].~Entry();
      tags_[slot] = old_tags[i];
    }
    std::free(old_entries);
    std::free(old_tags);
  }

  void allocate(size_t capacity) {
    const size_t bytes = capacity * sizeof(Entry);
    void* entries;
    if (bytes >= 2 * kHugePage) {
      // Probing is random access; huge pages keep it from missing the TLB each time.
      entries = std::aligned_alloc(kHugePage, (bytes + kHugePage - 1) / kHugePage * kHugePage);
      if (entries != nullptr) ::madvise(entries, bytes, MADV_HUGEPAGE);
    } else {
      entries = std::malloc(bytes);
    }
    auto* tags = static_cast<uint8_t*>(std::calloc(capacity, 1));
    if (entries == nullptr || tags == nullptr) {
      std::free(entries);
      std::free(tags);
      throw std::bad_alloc();
    }
    entries_ = static_cast<Entry*>(entries);
    tags_ = tags;
    capacity_ = capacity;
    mask_ = capacity - 1;
    limit_ = limitOf(capacity);
    shift_ = 64 - __builtin_ctzll(capacity);
  }

  void destroyEntries() {
    if constexpr (!std::is_trivially_destructible_v<Entry>) {
      forEach([](Entry& entry) { entry.~Entry(); });
    }
  }
  void release() {
    std::free(entries_);
    std::free(tags_);
  }

  uint64_t multiplier_;
  Entry* entries_ = nullptr;
  uint8_t* tags_ = nullptr;
  size_t capacity_ = 0;
  size_t mask_ = 0;
  size_t limit_ = 0;
  size_t size_ = 0;
  int shift_ = 63;
};

}  // namespace cerium
