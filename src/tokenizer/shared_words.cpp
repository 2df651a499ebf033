#include "tokenizer/shared_words.h"

#include <algorithm>

namespace slovo {

bool SharedWords::insert(const WordCache::Key& key, std::span<const TokenId> ids) {
  if (!key.is_short || ids.size() > WordCache::kInlineIds) return false;
  if (used_.load(std::memory_order_relaxed) >= kMostWords) return false;
  for (size_t at = key.hash & kMask;; at = (at + 1) & kMask) {
    Slot& slot = slots_[at];
    uint64_t high = slot.high.load(std::memory_order_relaxed);
    if (high != 0 || !slot.high.compare_exchange_strong(high, kTaken)) continue;
    slot.low = key.low;
    std::copy(ids.begin(), ids.end(), slot.ids.begin());
    slot.count = static_cast<uint32_t>(ids.size());
    slot.high.store(key.high, std::memory_order_release);
    used_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
}

}  // namespace slovo
