// What the Unigram trainer learns from: the words of a corpus as numbered characters, and the
// pieces of them that are frequent enough to begin with.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tokenizer/word_counter.h"

namespace slovo {

/// Stands behind a word at the end of a line. A string behind which one thing alone follows is no
/// piece to begin with, and the end of a line is another thing than the next word.
constexpr char32_t kLineEnd = 0xFFFF;

/// A stretch of the corpus's symbols, and how likely it is as a token (natural logarithm).
struct SymbolPiece {
  uint32_t begin = 0;
  uint32_t length = 0;
  double score = 0;
};

class UnigramCorpus {
 public:
  /// Characters that together are less than one in two thousand are in no piece (SentencePiece's
  /// character_coverage).
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
  size_t alphabet_size() const { return alphabet_.size(); }
  /// Characters are numbered by code point, behind the symbols for rare ones and ends of words.
  size_t symbol_count() const { return kFirstCharacter + alphabet_.size(); }
  /// Every character of the alphabet as a piece, the most frequent first.
  const std::vector<SymbolPiece>& characters() const { return characters_; }

  /// All characters, and the strings of up to 16 that occur twice or more and could be tokens, the
  /// `most` that cover most text; their scores are logarithms of shares. In the order of symbols.
  std::vector<SymbolPiece> seeds(size_t most) const;
  /// Into the order of their symbols.
  void sort(std::vector<SymbolPiece>& pieces) const;

 private:
  /// What is no character of the alphabet.
  enum Symbol : uint32_t { kEndOfWord, kEndOfLine, kRareCharacter, kFirstCharacter };
  using CharacterCounts = std::vector<std::pair<char32_t, int64_t>>;

  void choose_alphabet(const CharacterCounts& counts);
  void add_words(const CountedWords& words);
  void list_characters();
  bool in_order(const SymbolPiece& a, const SymbolPiece& b) const;
  bool may_be_token(const SymbolPiece& piece) const;
  std::vector<uint32_t> words_of_places() const;
  std::vector<uint32_t> sorted_suffixes() const;
  uint32_t common_depth(uint32_t a, uint32_t b) const;
  std::vector<SymbolPiece> repeated_strings() const;

  std::vector<char32_t> alphabet_;  // the characters of symbols, from kFirstCharacter on
  std::vector<int32_t> scripts_;    // likewise: its script, joined as Japanese writes them
  std::vector<uint8_t> leads_;      // by symbol: the first byte of what stands there
  std::vector<uint32_t> symbols_;   // of all words, each with what ends it
  std::vector<Word> words_;
  std::vector<SymbolPiece> characters_;
};

}  // namespace slovo
