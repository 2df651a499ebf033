// Where two tokenizers cut a text differently.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace slovo {

struct TokenDifference {
  size_t column = 0;  ///< in characters, from 1
  std::vector<std::string> first;
  std::vector<std::string> second;  ///< the vocabularies' own spelling of the tokens of each
};

struct TokenComparison {
  size_t first_tokens = 0;
  size_t second_tokens = 0;
  std::vector<TokenDifference> differences;
};

/// Compares by the text behind the tokens. Where the two give different text (one lower-cases it),
/// the rest is one difference.
TokenComparison compare_tokenizers(const Tokenizer& first, const Tokenizer& second,
                                   std::string_view text);

}  // namespace slovo
