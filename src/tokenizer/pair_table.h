// A hash table from a pair of ids to a value, built for few misses of the processor's cache:
// open addressing, linear probing, keys and values side by side.
#pragma once

#include <cstdint>
#include <vector>

namespace slovo {

template <class Value>
class PairTable {
 public:
  explicit PairTable(size_t expected = 16) { rehash(expected); }

  /// The value of (a, b), or null. Valid until the next insertion.
  const Value* find(uint32_t a, uint32_t b) const {
    const uint64_t key = make_key(a, b);
    const uint64_t bit = hash(key) & (kFilterBits * mask_ + kFilterBits - 1);
    if ((filter_[bit / 64] >> (bit % 64) & 1) == 0) return nullptr;
    for (size_t at = slot(key);; at = (at + 1) & mask_) {
      if (entries_[at].key == key) return &entries_[at].value;
      if (entries_[at].key == kFree) return nullptr;
    }
  }
  /// The value of (a, b), made when it is new.
  Value& operator()(uint32_t a, uint32_t b) {
    if (2 * (size_ + 1) > entries_.size()) rehash(2 * size_ + 2);
    const uint64_t key = make_key(a, b);
    size_t at = slot(key);
    while (entries_[at].key != kFree && entries_[at].key != key) at = (at + 1) & mask_;
    if (entries_[at].key == kFree) {
      entries_[at].key = key;
      mark(key);
      ++size_;
    }
    return entries_[at].value;
  }
  size_t size() const { return size_; }

 private:
  static constexpr uint64_t kFree = UINT64_MAX;  // no id is 2^32 - 1
  static constexpr size_t kFilterBits = 8;       // a slot
  struct Entry {
    uint64_t key = kFree;
    Value value{};
  };

  static uint64_t make_key(uint32_t a, uint32_t b) { return (uint64_t{a} << 32) | b; }
  static uint64_t hash(uint64_t key) { return key * 0x9E3779B97F4A7C15ULL >> 20; }
  size_t slot(uint64_t key) const { return hash(key) / kFilterBits & mask_; }
  void mark(uint64_t key) {
    const uint64_t bit = hash(key) & (kFilterBits * mask_ + kFilterBits - 1);
    filter_[bit / 64] |= uint64_t{1} << (bit % 64);
  }

  void rehash(size_t expected) {
    size_t capacity = 16;
    while (capacity < 2 * expected) capacity *= 2;
    std::vector<Entry> old(capacity);
    old.swap(entries_);
    mask_ = capacity - 1;
    filter_.assign(capacity * kFilterBits / 64, 0);
    for (Entry& entry : old) {
      if (entry.key == kFree) continue;
      size_t at = slot(entry.key);
      while (entries_[at].key != kFree) at = (at + 1) & mask_;
      mark(entry.key);
      entries_[at] = std::move(entry);
    }
  }

  std::vector<Entry> entries_;
  std::vector<uint64_t> filter_;  // a bit a key: most pairs that are asked for are in no table
  size_t mask_ = 0;
  size_t size_ = 0;
};

}  // namespace slovo
