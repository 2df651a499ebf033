// The ids of words seen before: most of a text is words that came earlier in it.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace slovo {

/// A well-mixed hash of a short text; equal bytes hash equally in this process only.
uint64_t hash_word(std::string_view word);

/// The same for two numbers.
inline uint64_t hash_pair(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  constexpr uint64_t kFirst = 0x9E3779B97F4A7C15ULL;
  constexpr uint64_t kSecond = 0xD6E8FEB86659FD93ULL;
  const auto product = static_cast<Wide>(a ^ kFirst) * (b ^ kSecond);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

/// An open-addressing table of words that grows to a fixed size and is emptied when full. Not
/// thread-safe: one for each encoding thread. Words of up to 15 bytes with up to three ids, nearly
/// all of a text, lie in half a cache line.
class WordCache {
 public:
  static constexpr size_t kLongestWord = 128;
  static constexpr size_t kInlineIds = 3;

  struct Key {
    uint64_t low;   ///< the first eight bytes of a short word; of a long one its hash
    uint64_t high;  ///< the size in the top byte, above the other seven bytes of a short word
    uint64_t hash;
    bool is_short;
  };
  /// Of a known word; three ids can be read whatever the size.
  struct Ids {
    const TokenId* data = nullptr;
    size_t size = 0;
  };

  WordCache() : slots_(kFewestSlots) {}
  /// The key of a word that is not empty. `readable`: bytes of the text from its begin.
  static Key key(std::string_view word, size_t readable);
  /// Has the processor fetch what find() will look at.
  void prefetch(const Key& key) const {
    __builtin_prefetch(&slots_[key.hash & (slots_.size() - 1)]);
  }
  /// The ids of a word, or null. Valid until the next insert.
  Ids find(const Key& key, std::string_view word) const {
    for (size_t at = key.hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.low == key.low && (key.is_short ? slot.high == key.high : holds(slot, key, word)))
        return ids_of(slot);
      if (slot.high == 0) return {};
    }
  }
  /// The ids as they now stand in the cache.
  Ids insert(const Key& key, std::string_view word, std::span<const TokenId> ids);

 private:
  static constexpr size_t kFewestSlots = size_t{1} << 10;
  static constexpr size_t kMostSlots = size_t{1} << 17;
  static constexpr size_t kInlineBytes = 15;
  static constexpr int kSizeShift = 56;

  struct Slot {
    uint64_t low = 0;
    uint64_t high =
        0;  ///< a key's; of a long word with its place in text_ in the low half. 0: free
    std::array<TokenId, kInlineIds> ids{};  ///< more than three: the place in ids_
    uint32_t count = 0;
  };

  Ids ids_of(const Slot& slot) const {
    if (slot.count <= kInlineIds) return {slot.ids.data(), slot.count};
    return {ids_.data() + slot.ids[0], slot.count};
  }
  bool holds(const Slot& slot, const Key& key, std::string_view word) const;
  size_t free_place(uint64_t hash) const;
  void make_room();

  std::vector<Slot> slots_;
  size_t used_ = 0;
  std::string text_;
  std::vector<TokenId> ids_;
};

inline WordCache::Key WordCache::key(std::string_view word, size_t readable) {
  static_assert(std::endian::native == std::endian::little);
  const uint64_t size = uint64_t{word.size()} << kSizeShift;
  if (word.size() > kInlineBytes) {
    const uint64_t hash = hash_word(word);
    return {hash, size, hash, false};
  }
  uint64_t low = 0;
  uint64_t high = 0;
  if (readable >= sizeof low + sizeof high) {
    std::memcpy(&low, word.data(), sizeof low);
    std::memcpy(&high, word.data() + sizeof low, sizeof high);
    const size_t bits = 8 * word.size();
    low &= bits >= 64 ? UINT64_MAX : ~(UINT64_MAX << bits);
    high &= bits > 64 ? ~(UINT64_MAX << (bits - 64)) : 0;
  } else {
    std::array<char, sizeof low + sizeof high> bytes{};
    std::memcpy(bytes.data(), word.data(), word.size());
    std::memcpy(&low, bytes.data(), sizeof low);
    std::memcpy(&high, bytes.data() + sizeof low, sizeof high);
  }
  high |= size;
  return {low, high, hash_pair(low, high), true};
}

}  // namespace slovo
