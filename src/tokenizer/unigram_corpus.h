// What the Unigram trainer learns from: the words of a corpus as numbered characters, and the
// pieces of them that are frequent enough to begin with.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tokenizer/word_counter.h"

namespace slovo {

/// A stretch of the corpus's symbols, and how likely it is as a token (natural logarithm).
struct SymbolPiece {
  uint32_t begin = 0;
  uint32_t length = 0;
  double score = 0;
};

class UnigramCorpus {
 public:
  /// Characters that together are less than one in two thousand are left out (SentencePiece's
  /// character_coverage); a word ends at them.
  explicit UnigramCorpus(const CountedWords& words);

  struct Word {
    uint32_t begin;
    uint32_t length;
    int64_t count;
  };
  const std::vector<Word>& words() const { return words_; }
  std::span<const uint32_t> symbols(uint32_t begin, uint32_t length) const {
    return {symbols_.data() + begin, length};
  }
  std::span<const uint32_t> symbols(const SymbolPiece& piece) const {
    return symbols(piece.begin, piece.length);
  }
  std::string text(const SymbolPiece& piece) const;
  /// Symbols are numbered by code point from 1; 0 ends a word.
  size_t alphabet_size() const { return alphabet_.size(); }
  /// Every character of the alphabet as a piece, the most frequent first.
  const std::vector<SymbolPiece>& characters() const { return characters_; }

  /// All characters, and the strings of up to 16 that occur twice or more and could be tokens, the
  /// `most` that cover most text; their scores are logarithms of shares. In the order of symbols.
  std::vector<SymbolPiece> seeds(size_t most) const;
  /// Into the order of their symbols.
  void sort(std::vector<SymbolPiece>& pieces) const;

 private:
  using CharacterCounts = std::vector<std::pair<char32_t, int64_t>>;

  void choose_alphabet(const CharacterCounts& counts);
  void add_words(const CountedWords& words);
  void list_characters();
  bool in_order(const SymbolPiece& a, const SymbolPiece& b) const;
  bool may_be_token(const SymbolPiece& piece) const;
  std::vector<SymbolPiece> repeated_strings() const;

  std::vector<char32_t> alphabet_;  // the character of symbol i + 1
  std::vector<int32_t> scripts_;    // likewise: its script, joined as Japanese writes them
  std::vector<uint32_t> symbols_;   // of all words, each with a 0 behind it
  std::vector<Word> words_;
  std::vector<SymbolPiece> characters_;
};

}  // namespace slovo
