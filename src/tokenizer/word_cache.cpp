#include "tokenizer/word_cache.h"

#include <algorithm>

namespace slovo {

uint64_t hash_word(std::string_view word) {
  uint64_t hash = word.size();
  const char* at = word.data();
  size_t left = word.size();
  uint64_t part = 0;
  for (; left >= sizeof part; at += sizeof part, left -= sizeof part) {
    std::memcpy(&part, at, sizeof part);
    hash = hash_pair(part, hash);
  }
  part = 0;
  std::memcpy(&part, at, left);
  return hash_pair(part, hash) ^ hash;
}

bool WordCache::holds(const Slot& slot, const Key& key, std::string_view word) const {
  return slot.high >> 32 == key.high >> 32 &&
         std::memcmp(text_.data() + (slot.high & UINT32_MAX), word.data(), word.size()) == 0;
}

size_t WordCache::free_place(uint64_t hash) const {
  size_t at = hash & (slots_.size() - 1);
  while (slots_[at].high != 0) at = (at + 1) & (slots_.size() - 1);
  return at;
}

WordCache::Ids WordCache::insert(const Key& key, std::string_view word,
                                 std::span<const TokenId> ids) {
  if (2 * used_ >= slots_.size()) make_room();
  Slot& slot = slots_[free_place(key.hash)];
  slot.low = key.low;
  slot.high = key.high;
  slot.count = static_cast<uint32_t>(ids.size());
  if (!key.is_short) {
    slot.high |= text_.size();
    text_.append(word);
  }
  if (ids.size() <= kInlineIds) {
    std::copy(ids.begin(), ids.end(), slot.ids.begin());
  } else {
    slot.ids[0] = static_cast<TokenId>(ids_.size());
    ids_.insert(ids_.end(), ids.begin(), ids.end());
  }
  ++used_;
  return ids_of(slot);
}

void WordCache::make_room() {
  if (slots_.size() == kMostSlots) {
    std::fill(slots_.begin(), slots_.end(), Slot{});
    used_ = 0;
    text_.clear();
    ids_.clear();
    return;
  }
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.high == 0) continue;
    const bool is_short = slot.high >> kSizeShift <= kInlineBytes;
    slots_[free_place(is_short ? hash_pair(slot.low, slot.high) : slot.low)] = slot;
  }
}

}  // namespace slovo
