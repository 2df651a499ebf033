// Words that threads which encode one text have worked out for each other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "tokenizer/word_cache.h"

namespace slovo {

/// Short words with few ids, nearly all of a text, as in WordCache; of a fixed size. Thread-safe
/// without locks: a word stays where it is and as it is.
class SharedWords {
 public:
  SharedWords() : slots_(kSlots) {}

  /// Has the processor fetch what find() will look at.
  void prefetch(const WordCache::Key& key) const { __builtin_prefetch(&slots_[key.hash & kMask]); }
  /// The ids of a short word, or null.
  WordCache::Ids find(const WordCache::Key& key) const {
    for (size_t at = key.hash & kMask;; at = (at + 1) & kMask) {
      const Slot& slot = slots_[at];
      const uint64_t high = slot.high.load(std::memory_order_acquire);
      if (high == key.high && slot.low == key.low) return {slot.ids.data(), slot.count};
      if (high == 0) return {};
    }
  }
  /// False for a word that does not fit. Where two threads insert one, either's is found.
  bool insert(const WordCache::Key& key, std::span<const TokenId> ids);

 private:
  static constexpr size_t kSlots = size_t{1} << 17;
  static constexpr size_t kMask = kSlots - 1;
  static constexpr size_t kMostWords = kSlots / 4 * 3;
  /// No key's: a slot that is being filled.
  static constexpr uint64_t kTaken = UINT64_MAX;

  struct Slot {
    std::atomic<uint64_t> high = 0;  ///< a key's; set last. 0: free
    uint64_t low = 0;
    std::array<TokenId, WordCache::kInlineIds> ids{};
    uint32_t count = 0;
  };

  std::vector<Slot> slots_;
  std::atomic<size_t> used_ = 0;
};

}  // namespace slovo
