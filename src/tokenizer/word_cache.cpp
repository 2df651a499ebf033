#include "tokenizer/word_cache.h"

#include <algorithm>
#include <cstring>

namespace slovo {
namespace {

constexpr size_t kSlots = size_t{1} << 16;
constexpr size_t kMostUsed = kSlots / 2;

__extension__ using Wide = unsigned __int128;

uint64_t mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

uint64_t hash_word(std::string_view word) {
  constexpr uint64_t kFirst = 0x9E3779B97F4A7C15ULL;
  constexpr uint64_t kSecond = 0xD6E8FEB86659FD93ULL;
  uint64_t hash = word.size() * kFirst;
  const char* at = word.data();
  size_t left = word.size();
  uint64_t part = 0;
  for (; left >= sizeof part; at += sizeof part, left -= sizeof part) {
    std::memcpy(&part, at, sizeof part);
    hash = mix(hash ^ part, kSecond);
  }
  part = 0;
  std::memcpy(&part, at, left);
  return mix(hash ^ part, kFirst) ^ hash;
}

WordCache::WordCache() : slots_(kSlots) {}

bool WordCache::find(std::string_view word, uint64_t hash, std::span<const TokenId>& ids) const {
  for (size_t at = hash % kSlots;; at = (at + 1) % kSlots) {
    const Slot& slot = slots_[at];
    if (slot.bytes == 0) return false;
    if (slot.hash == hash && slot.bytes == word.size() &&
        std::memcmp(text_.data() + slot.text, word.data(), word.size()) == 0) {
      ids = {ids_.data() + slot.ids, slot.count};
      return true;
    }
  }
}

void WordCache::insert(std::string_view word, uint64_t hash, std::span<const TokenId> ids) {
  if (word.empty() || word.size() > kLongestWord) return;
  if (used_ >= kMostUsed) clear();
  size_t at = hash % kSlots;
  while (slots_[at].bytes != 0) at = (at + 1) % kSlots;
  slots_[at] = {hash, static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(ids_.size()),
                static_cast<uint16_t>(word.size()), static_cast<uint16_t>(ids.size())};
  text_.append(word);
  ids_.insert(ids_.end(), ids.begin(), ids.end());
  ++used_;
}

void WordCache::clear() {
  std::fill(slots_.begin(), slots_.end(), Slot{});
  used_ = 0;
  text_.clear();
  ids_.clear();
}

}  // namespace slovo
