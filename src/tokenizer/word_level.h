// One token a word. ("model" of type WordLevel in tokenizer.json)
#pragma once

#include "tokenizer/token_model.h"

namespace slovo {

class WordLevel final : public TokenModel {
 public:
  WordLevel(const JsonNode& model, bool bytes);

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void compute(std::string_view word, TextKind kind, std::vector<TokenId>& ids) const override;
  std::string kind() const override { return "wordlevel"; }

 private:
  bool bytes_;  ///< words are bytes, spelled in GPT-2's alphabet
  Vocabulary vocabulary_;
  TokenId unknown_;
};

}  // namespace slovo
