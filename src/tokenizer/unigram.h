// The unigram language model: a word is cut into the tokens that are likeliest together. (Kudo
// 2018, arXiv 1804.10959; "model" of type Unigram in tokenizer.json)
#pragma once

#include <array>

#include "tokenizer/token_model.h"

namespace slovo {

class Unigram final : public TokenModel {
 public:
  Unigram(const JsonNode& model, bool bytes);

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void compute(std::string_view word, TextKind kind, std::vector<TokenId>& ids) const override;
  std::string kind() const override { return "unigram"; }

 private:
  /// The best way to reach a place in a word.
  struct Step {
    double score = 0;
    size_t begin = SIZE_MAX;  ///< of the token that ends here
    bool unknown = false;
  };
  /// A node of the prefix tree of all tokens. Its children lie side by side, by byte.
  struct Node {
    uint32_t first_child = 0;
    uint16_t children = 0;
    uint8_t byte = 0;
    TokenId token = -1;
  };

  void build_tree();
  const Node* child(const Node& node, char byte) const;
  std::vector<Step> best_path(std::string_view word, TextKind kind) const;
  /// Ordinary text holds neither the names of special tokens nor those of bytes, as SentencePiece
  /// has it.
  bool matches(TokenId id, TextKind kind) const;
  void push(std::string_view token, TextKind kind, std::vector<TokenId>& ids) const;

  bool bytes_;  ///< words are bytes, spelled in GPT-2's alphabet
  std::vector<double> scores_;
  Vocabulary vocabulary_;
  TokenId unknown_ = -1;
  double unknown_score_ = 0;
  bool byte_fallback_ = false;
  std::array<TokenId, 256> fallback_ids_{};  // of <0xNN>; -1: none
  std::vector<Node> tree_;
};

}  // namespace slovo
