// Tokens and their ids, both ways. ("vocab" of a model in tokenizer.json)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/json_node.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

class Vocabulary {
 public:
  /// Reads {"token": id, ...}. Throws Error(data) for ids that are given twice or far from dense.
  explicit Vocabulary(const JsonNode& node);
  /// Tokens by id; `node` is named in messages.
  Vocabulary(std::vector<std::string> tokens, const JsonNode& node);
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  /// One more than the highest id.
  TokenId end() const { return static_cast<TokenId>(tokens_.size()); }
  /// Number of tokens: less than end() when ids are left out.
  size_t count() const { return ids_.size(); }
  /// "" for an id without a token.
  const std::string& token(TokenId id) const { return tokens_[static_cast<size_t>(id)]; }
  std::optional<TokenId> find(std::string_view token) const;
  /// The id of the token that `model` names under `key`; throws Error(data) when it has none.
  TokenId required(const JsonNode& model, const std::string& key,
                   const std::string& fallback) const;

 private:
  void index(const JsonNode& node);

  std::vector<std::string> tokens_;
  std::unordered_map<std::string_view, TokenId> ids_;  // views of tokens_
};

}  // namespace slovo
