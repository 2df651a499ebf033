// Words that threads which encode one text have worked out for each other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "tokenizer/word_cache.h"

namespace slovo {

/// Short words with few ids, nearly all of a text, as in WordCache; of a fixed size. Thread-safe
/// without locks or counters: a word stays where it is and as it is, or finds no place near its
/// own.
class SharedWords {
 public:
  SharedWords();

  /// Has the processor fetch what find() will look at.
  void prefetch(const WordCache::Key& key) const { __builtin_prefetch(&slots_[key.hash & kMask]); }
  /// The ids of a short word, or null.
  WordCache::Ids find(const WordCache::Key& key) const {
    const Slot* slot = &slots_[key.hash & kMask];
    for (const Slot* const behind = slot + kPlaces; slot != behind; ++slot) {
      const uint64_t high = slot->high.load(std::memory_order_acquire);
      if (high == key.high && slot->low == key.low) return {slot->ids.data(), slot->count};
      if (high == 0) break;
    }
    return {};
  }
  /// False for a word that does not fit, or whose places are taken. Where two threads insert one,
  /// either's is found.
  bool insert(const WordCache::Key& key, std::span<const TokenId> ids);

 private:
  static constexpr size_t kSlots = size_t{1} << 17;
  static constexpr size_t kMask = kSlots - 1;
  /// Where a word can be: its own slot and those behind it.
  static constexpr size_t kPlaces = 16;
  /// No key's: a slot that is being filled.
  static constexpr uint64_t kTaken = UINT64_MAX;

  struct Slot {
    std::atomic<uint64_t> high = 0;  ///< a key's; set last. 0: free
    uint64_t low = 0;
    std::array<TokenId, WordCache::kInlineIds> ids{};
    uint32_t count = 0;
  };

  struct Free {
    void operator()(Slot* slots) const { std::free(slots); }
  };

  std::unique_ptr<Slot[], Free> slots_;
};

}  // namespace slovo
