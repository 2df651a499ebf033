#include "tokenizer/shared_words.h"

#include <algorithm>
#include <new>

#include "core/memory.h"

namespace slovo {

SharedWords::SharedWords() {
  constexpr size_t kBytes = (kSlots + kPlaces) * sizeof(Slot);
  constexpr size_t kPage = size_t{2} << 20;
  // In large pages, which a text of a tenth of a second would notice.
  void* const memory = std::aligned_alloc(kPage, (kBytes + kPage - 1) / kPage * kPage);
  if (memory == nullptr) throw std::bad_alloc();
  prefer_large_pages(memory, kBytes);
  slots_.reset(static_cast<Slot*>(memory));
  std::uninitialized_value_construct_n(slots_.get(), kSlots + kPlaces);
}

bool SharedWords::insert(const WordCache::Key& key, std::span<const TokenId> ids) {
  if (!key.is_short || ids.size() > WordCache::kInlineIds) return false;
  Slot* slot = &slots_[key.hash & kMask];
  for (const Slot* const behind = slot + kPlaces; slot != behind; ++slot) {
    uint64_t high = slot->high.load(std::memory_order_relaxed);
    if (high != 0 || !slot->high.compare_exchange_strong(high, kTaken)) continue;
    slot->low = key.low;
    std::copy(ids.begin(), ids.end(), slot->ids.begin());
    slot->count = static_cast<uint32_t>(ids.size());
    slot->high.store(key.high, std::memory_order_release);
    return true;
  }
  return false;
}

}  // namespace slovo
