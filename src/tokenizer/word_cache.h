// The ids of words seen before: most of a text is words that came earlier in it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace slovo {

/// A well-mixed hash of a short text; equal bytes hash equally in this process only.
uint64_t hash_word(std::string_view word);

/// An open-addressing table of words, emptied when full. Not thread-safe: one for each encoding
/// thread.
class WordCache {
 public:
  static constexpr size_t kLongestWord = 128;

  WordCache();
  /// The ids of `word`, or nothing; valid until the next insert.
  bool find(std::string_view word, uint64_t hash, std::span<const TokenId>& ids) const;
  void insert(std::string_view word, uint64_t hash, std::span<const TokenId> ids);

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t text = 0;   ///< offset in text_
    uint32_t ids = 0;    ///< offset in ids_
    uint16_t bytes = 0;  ///< length of the word; 0: the slot is free
    uint16_t count = 0;
  };

  void clear();

  std::vector<Slot> slots_;
  size_t used_ = 0;
  std::string text_;
  std::vector<TokenId> ids_;
};

}  // namespace slovo
