// A tokenizer.json put together from its parts, for tokenizers that are trained or come from other
// files.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

/// The parts of a tokenizer.json; null: there is none.
struct TokenizerParts {
  Json added_tokens = Json::array();
  Json normalizer;
  Json pre_tokenizer;
  Json post_processor;
  Json decoder;
  Json model;

  std::string to_text() const;
};

/// Tokens with their ids, as `vocab` of a model.
Json vocab_json(const std::vector<std::pair<std::string, TokenId>>& tokens);
struct BpeOptions {
  std::optional<std::string> unknown;
  bool fuse_unknown = false;
  bool byte_fallback = false;
  bool ignore_merges = false;
};
Json bpe_json(Json vocab, const std::vector<std::pair<std::string, std::string>>& merges,
              const BpeOptions& options);

/// An entry of `added_tokens` that is found exactly as it is written.
Json added_token_json(TokenId id, const std::string& content, bool special);
Json byte_level_json(bool add_prefix_space, bool use_regex);
/// Words by a pattern, their symbols bytes.
Json split_to_bytes_json(const std::string& pattern);
Json sequence_json(const char* key, std::vector<Json> parts);
Json replace_json(const Json& pattern, const std::string& content);
/// Special tokens around a text, and around each of a pair.
using NamedId = std::pair<std::string, TokenId>;
Json template_json(const std::vector<NamedId>& before, const std::vector<NamedId>& behind);

}  // namespace slovo
