// WordPiece: a word is cut from the left into the longest tokens there are. (Wu et al. 2016, arXiv
// 1609.08144; "model" of type WordPiece in tokenizer.json)
#pragma once

#include "tokenizer/token_model.h"

namespace slovo {

class WordPiece final : public TokenModel {
 public:
  WordPiece(const JsonNode& model, bool bytes);

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void compute(std::string_view word, TextKind kind, std::vector<TokenId>& ids) const override;
  std::string kind() const override { return "wordpiece"; }

 private:
  bool bytes_;  ///< words are bytes, spelled in GPT-2's alphabet
  Vocabulary vocabulary_;
  TokenId unknown_;
  std::string prefix_;        ///< of a token inside a word
  size_t longest_word_;       ///< in characters: a longer one is unknown
  size_t longest_token_ = 0;  ///< in bytes
};

}  // namespace slovo
