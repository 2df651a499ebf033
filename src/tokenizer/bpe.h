// Byte pair encoding: a word's symbols are joined pair by pair, the pair learned first before
// others. (Sennrich et al. 2016, arXiv 1508.07909; "model" of type BPE in tokenizer.json)
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/pair_table.h"
#include "tokenizer/token_model.h"

namespace slovo {

class Bpe final : public TokenModel {
 public:
  /// `bytes`: the symbols of a word are its bytes, spelled in GPT-2's alphabet; else its
  /// characters.
  Bpe(const JsonNode& model, bool bytes);

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void compute(std::string_view word, TextKind kind, std::vector<TokenId>& ids) const override;
  /// "bpe"; without merges "byte" or "char", after its symbols.
  std::string kind() const override;

 private:
  struct Merge {
    uint32_t rank;
    TokenId id;
  };

  void read_options(const JsonNode& model);
  void read_merges(const JsonNode& list);
  void add_merge(const std::string& left, const std::string& right, uint32_t rank,
                 const JsonNode& node);
  void index_symbols();
  /// The token of a symbol: at a word's begin, inside it, at its end.
  TokenId find_symbol(std::string_view symbol, bool is_first, bool is_last) const;
  /// How the vocabulary spells it there.
  std::string spelling(std::string_view symbol, bool is_first, bool is_last) const;
  /// The symbols a word begins with, unknown ones resolved.
  void symbols(std::string_view word, std::vector<TokenId>& ids) const;
  bool push_fallback(std::string_view symbol, std::vector<TokenId>& ids) const;
  const Merge* find_merge(TokenId left, TokenId right) const {
    return merges_.find(static_cast<uint32_t>(left), static_cast<uint32_t>(right));
  }
  void merge_short(std::vector<TokenId>& ids) const;
  void merge_long(std::vector<TokenId>& ids) const;

  bool bytes_;
  Vocabulary vocabulary_;
  PairTable<Merge> merges_;
  TokenId unknown_ = -1;
  bool fuse_unknown_ = false;
  bool ignore_merges_ = false;
  std::string prefix_;                       // of every symbol of a word but its first
  std::string suffix_;                       // of the last
  std::array<TokenId, 256> byte_ids_{};      // of one-byte symbols; -1: none
  std::array<TokenId, 256> fallback_ids_{};  // of <0xNN>; -1: none
  bool byte_fallback_ = false;
  std::unordered_map<char32_t, TokenId> character_ids_;
};

}  // namespace slovo
