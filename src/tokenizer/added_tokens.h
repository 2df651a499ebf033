// Tokens that are found in the text before the model sees it: "<|endoftext|>", "<s>", runs of
// spaces.
// ("added_tokens" in tokenizer.json)
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/normalizer.h"
#include "tokenizer/text_kind.h"
#include "tokenizer/vocabulary.h"

namespace slovo {

struct AddedToken {
  TokenId id = 0;
  std::string content;
  std::string
      spelling;  ///< what is looked for and decoded: the content, normalised when `normalized`
  bool special = false;
  bool single_word = false;  ///< not inside a word
  bool lstrip = false;       ///< swallows white space before it
  bool rstrip = false;       ///< swallows white space behind it
  bool normalized = false;   ///< looked for in the normalised text
};

class AddedTokens {
 public:
  enum class Stage { original, normalized };
  struct Sink {
    std::function<void(std::string_view)> text;
    std::function<void(TokenId)> token;
  };

  /// `list` may be null: no added tokens. Throws Error(data) when an id is not the one HF would
  /// give.
  AddedTokens(const JsonNode& file, const Vocabulary& vocabulary, const Normalizer* normalizer);
  AddedTokens(const AddedTokens&) = delete;  // the tries point into the map
  AddedTokens& operator=(const AddedTokens&) = delete;

  /// Cuts `text` at the added tokens of a stage (leftmost, longest); in ordinary text special ones
  /// are text.
  void split(std::string_view text, Stage stage, TextKind kind, const Sink& sink) const;
  const AddedToken* find(TokenId id) const;
  const AddedToken* find(std::string_view content) const;
  const std::map<TokenId, AddedToken>& all() const { return tokens_; }

 private:
  /// A prefix tree of the spellings of one stage.
  struct Trie {
    struct Node {
      std::vector<std::pair<char, size_t>> next;
      const AddedToken* token = nullptr;
    };
    std::vector<Node> nodes{1};
    void add(std::string_view spelling, const AddedToken* token);
    size_t step(size_t node, char c) const;
    /// The longest token that begins at `text[at]`, or null.
    const AddedToken* match(std::string_view text, size_t at) const;
  };

  void add(const JsonNode& node, const Vocabulary& vocabulary, const Normalizer* normalizer,
           TokenId& next_free);

  std::map<TokenId, AddedToken> tokens_;
  std::unordered_map<std::string, TokenId> ids_;
  Trie original_;
  Trie normalized_;
};

}  // namespace slovo
