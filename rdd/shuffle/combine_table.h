// Cerium. Licensed under the Apache License 2.0.
// The hash table of every aggregation by key: open addressing, linear probing, a tag byte for each slot, entries
// inline. Slots are found by a multiplicative hash (Knuth, TAOCP vol. 3, 6.4); the tag rules out most wrong slots
// without touching the entry (as in Swiss tables, which use SIMD).
// Before the table is read, entries that competed for slots are sorted by their hashes, as in "Ordered hash tables"
// (Amble and Knuth, 1974). So the order of reading does not depend on the table's size, now or earlier: records that
// are computed again, with more or less memory, come in the same order. While the table is filled, entries do not move,
// so frequent keys, which come early, are found at their first slot.
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
/// `seed` chooses the multiplier and so the order. Filling a table in the order of another table with the same seed
/// builds long runs, which takes quadratic time: tables that may be filled from each other need different seeds.
/// `skip_bits`: how many high bits of orderOf() are the same for all keys.
template <class K, class C>
class CombineTable {
  static constexpr bool kKeepHash = !std::is_scalar_v<K>;  // hashing a scalar again is faster than loading its hash

  struct NoHash {
    NoHash(uint64_t) {}  // NOLINT: meant to convert
  };
  using StoredHash = std::conditional_t<kKeepHash, uint64_t, NoHash>;

 public:
  struct Entry {
    [[no_unique_address]] StoredHash hash;
    C value;  // before the key, so made first: `make` may still look at a key that is then moved in
    K key;
  };

  explicit CombineTable(uint64_t seed = 0, int skip_bits = 0)
      : multiplier_(keys::mix(seed + 0x9e3779b97f4a7c15ULL) | 1), skip_bits_(skip_bits) {}
  CombineTable(const CombineTable&) = delete;
  CombineTable& operator=(const CombineTable&) = delete;
  ~CombineTable() { release(); }

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Bytes of the table itself, now and after the next growth. The caller counts heap memory of entries.
  [[nodiscard]] size_t tableBytes() const { return capacity_ * (sizeof(Entry) + 1); }
  [[nodiscard]] size_t bytesAfterGrowth() const { return nextCapacity() * (sizeof(Entry) + 1); }
  /// Whether the next new key makes the table allocate memory.
  [[nodiscard]] bool mustGrow() const { return size_ >= limit_; }
  /// Makes mustGrow() true: for an owner that takes no new keys.
  void close() { limit_ = 0; }

  static uint64_t hashOf(const K& key) { return Hash<K>()(key); }
  [[nodiscard]] static uint64_t hashOf(const Entry& entry) {
    if constexpr (kKeepHash) {
      return entry.hash;
    } else {
      return hashOf(entry.key);
    }
  }
  /// Entries are read in ascending order of this number; entries with equal hashes, in the order of insertion.
  [[nodiscard]] uint64_t orderOf(uint64_t hash) const { return hash * multiplier_; }

  /// Loads the slot's memory ahead of an upsert or a find.
  void prefetch(uint64_t hash) const {
    const size_t slot = homeOf(hash);
    __builtin_prefetch(tags_ + slot);
    __builtin_prefetch(entries_ + slot, 1);
  }

  /// Calls `merge(C&)` for a known key, else stores the key with `make()`. Amortised O(1).
  template <class Key, class Make, class Merge>
  void upsert(Key&& key, uint64_t hash, Make&& make, Merge&& merge) {
    if (mustGrow()) [[unlikely]]
      grow();
    const uint8_t tag = tagOf(hash);
    for (size_t slot = homeOf(hash);; slot = (slot + 1) & mask_) {
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
    for (size_t slot = homeOf(hash); tags_[slot] != kEmpty; slot = (slot + 1) & mask_) {
      if (tags_[slot] == tag && matches(entries_[slot], key, hash)) return &entries_[slot].value;
    }
    return nullptr;
  }

  /// Makes room for `n` entries.
  void reserve(size_t n) {
    size_t capacity = kFirst;
    while (limitOf(capacity) < n + 1) capacity *= 2;
    if (capacity > capacity_) rehash(capacity);
  }

  /// Calls `visit(Entry&)` for each entry, in order.
  template <class Visit>
  void forEach(Visit&& visit) {
    size_t at = firstPosition();
    for (const size_t end = endPosition(); at < end; at = nextPosition(at, end)) visit(entryAt(at));
  }
  /// Calls `visit(Entry&)` in an order that spreads over the whole table: entries visited so build no long runs in
  /// another table with this seed.
  template <class Visit>
  void forEachSpread(Visit&& visit) {
    for (size_t i = 0; i < capacity_; ++i) {
      const size_t slot = (i * 0x9e3779b97f4a7c15ULL) & mask_;  // an odd factor, so that each slot comes once
      if (tags_[slot] != kEmpty) visit(entries_[slot]);
    }
  }
  /// Positions of entries in order, for reading in steps after the last insertion. Call firstPosition() first, because
  /// it sorts the entries. O(size).
  [[nodiscard]] size_t firstPosition() {
    putInOrder();
    return nextFilled(wrapped(), endPosition());
  }
  [[nodiscard]] size_t nextPosition(size_t position, size_t end) const { return nextFilled(position + 1, end); }
  [[nodiscard]] size_t endPosition() const { return capacity_ + wrapped(); }
  Entry& entryAt(size_t position) { return entries_[position & mask_]; }

  /// Frees the memory of entries before `position`, which the reader has moved out. After that the table can only be
  /// read from `position` on, or released.
  void releaseBefore(size_t position) {
    constexpr size_t kPage = 4096;
    const auto begin = (reinterpret_cast<uintptr_t>(entries_ + released_) + kPage - 1) / kPage * kPage;
    const auto end = reinterpret_cast<uintptr_t>(entries_ + std::min(position, capacity_)) / kPage * kPage;
    if (begin + kReleaseBytes > end || wrapped() > 0) return;
    destroyEntries(released_, position);
    released_ = position;
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }

  /// Destroys the entries and frees all memory.
  void release() {
    destroyEntries(released_, capacity_);
    std::free(entries_);
    std::free(tags_);
    entries_ = nullptr;
    tags_ = nullptr;
    capacity_ = mask_ = limit_ = size_ = released_ = 0;
    shift_ = 0;
  }

 private:
  static constexpr size_t kFirst = 64;
  static constexpr uint8_t kEmpty = 0;
  static constexpr size_t kHugePage = size_t{2} << 20;
  static constexpr size_t kReleaseBytes = size_t{4} << 20;  // less memory is not worth a system call

  static size_t limitOf(size_t capacity) { return capacity - capacity / 4; }
  [[nodiscard]] size_t nextCapacity() const { return capacity_ == 0 ? kFirst : 2 * capacity_; }
  // The tag uses bits that hardly influence the slot (high bits of the product) or a HashPartitioner (high bits of the
  // hash).
  static uint8_t tagOf(uint64_t hash) { return static_cast<uint8_t>(0x80 | (hash & 0x7f)); }
  [[nodiscard]] size_t homeOf(uint64_t hash) const { return (orderOf(hash) >> shift_) & mask_; }

  template <class Key>
  static bool matches(const Entry& entry, const Key& key, uint64_t hash) {
    if constexpr (kKeepHash) {
      if (entry.hash != hash) return false;
    }
    return KeyEqual()(entry.key, static_cast<const K&>(key));
  }

  void putInOrder() {
    if (size_ == 0) return;
    const size_t before = firstEmpty();
    size_t run = before + 1;
    for (size_t at = run; at <= before + capacity_; ++at) {
      if (tags_[at & mask_] == kEmpty) {
        run = at + 1;
      } else if (at > run) {
        moveDown(at, run);
      }
    }
  }

  /// REQUIRES: the table has an empty slot, as every allocated table has.
  [[nodiscard]] size_t firstEmpty() const {
    return static_cast<size_t>(static_cast<const uint8_t*>(std::memchr(tags_, kEmpty, capacity_)) - tags_);
  }

  /// One step of an insertion sort of the filled slots from `run` on, which are sorted below `at`. Positions after the
  /// last slot continue with the first slot.
  void moveDown(size_t at, size_t run) {
    const uint64_t hash = hashOf(entries_[at & mask_]);
    if (!isBefore(hash, at - 1, run)) [[likely]]
      return;
    Entry entry = std::move(entries_[at & mask_]);
    entries_[at & mask_].~Entry();
    size_t to = at;
    do {
      Entry& from = entries_[(to - 1) & mask_];
      new (entries_ + (to & mask_)) Entry(std::move(from));
      from.~Entry();
      tags_[to & mask_] = tags_[(to - 1) & mask_];
      --to;
    } while (to > run && isBefore(hash, to - 1, run));
    new (entries_ + (to & mask_)) Entry(std::move(entry));
    tags_[to & mask_] = tagOf(hash);
  }

  /// Whether an entry with this hash belongs before the one at `position` of the same run: by home slot, then by order.
  [[nodiscard]] bool isBefore(uint64_t hash, size_t position, size_t run) const {
    const uint64_t other = hashOf(entries_[position & mask_]);
    const size_t home = (homeOf(hash) - run) & mask_;
    const size_t other_home = (homeOf(other) - run) & mask_;
    return home != other_home ? home < other_home : orderOf(hash) < orderOf(other);
  }

  /// The number of entries at the table's start whose home is at its end; they are the last in order.
  [[nodiscard]] size_t wrapped() const {
    size_t slot = 0;
    while (slot < capacity_ && tags_[slot] != kEmpty && homeOf(hashOf(entries_[slot])) > slot) ++slot;
    return slot;
  }
  [[nodiscard]] size_t nextFilled(size_t position, size_t end) const {
    while (position < end && tags_[position & mask_] == kEmpty) ++position;
    return position;
  }

  void grow() { rehash(nextCapacity()); }

  [[gnu::noinline]] void rehash(size_t capacity) {
    CombineTable larger(*this, capacity);
    // Starts after an empty slot, so that entries with equal hashes keep the order of insertion.
    const size_t begin = size_ == 0 ? 0 : firstEmpty();
    for (size_t i = begin; i < begin + capacity_; ++i) {
      if (tags_[i & mask_] == kEmpty) continue;
      Entry& entry = entries_[i & mask_];
      size_t slot = larger.homeOf(hashOf(entry));
      while (larger.tags_[slot] != kEmpty) slot = (slot + 1) & larger.mask_;
      new (larger.entries_ + slot) Entry(std::move(entry));
      entry.~Entry();
      larger.tags_[slot] = tags_[i & mask_];
    }
    larger.size_ = std::exchange(size_, 0);
    swap(larger);
  }

  /// An empty table of this capacity.
  CombineTable(const CombineTable& like, size_t capacity) : multiplier_(like.multiplier_), skip_bits_(like.skip_bits_) {
    const size_t bytes = capacity * sizeof(Entry);
    void* entries;
    if (bytes >= 2 * kHugePage) {
      // Probing is random access; huge pages avoid a TLB miss at each probe.
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
    shift_ = 64 - skip_bits_ - __builtin_ctzll(capacity);
  }

  void swap(CombineTable& other) {
    std::swap(entries_, other.entries_);
    std::swap(tags_, other.tags_);
    std::swap(capacity_, other.capacity_);
    std::swap(mask_, other.mask_);
    std::swap(limit_, other.limit_);
    std::swap(size_, other.size_);
    std::swap(shift_, other.shift_);
  }

  void destroyEntries(size_t from, size_t to) {
    if (size_ == 0) return;
    if constexpr (!std::is_trivially_destructible_v<Entry>) {
      for (size_t slot = from; slot < to; ++slot) {
        if (tags_[slot] != kEmpty) entries_[slot].~Entry();
      }
    }
  }

  const uint64_t multiplier_;
  const int skip_bits_;
  Entry* entries_ = nullptr;
  uint8_t* tags_ = nullptr;
  size_t capacity_ = 0;
  size_t mask_ = 0;
  size_t limit_ = 0;
  size_t size_ = 0;
  size_t released_ = 0;  ///< Slots that releaseBefore() has freed.
  int shift_ = 0;
};

}  // namespace cerium
