// Log-probabilities of given tokens: what perplexity, `eval score` and every comparison of answers
// stand on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "decode/loaded_model.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

/// Tokens of which those from `first` on (at least 1) are scored, each given all before it. Read
/// are all but the last, so there may be one more of them than the model's context has.
struct ScoreItem {
  std::vector<TokenId> ids;
  int64_t first = 1;
};

struct TokenScores {
  std::vector<double>
      logprobs;           ///< natural logarithm, one for each of ids[first], ids[first + 1], ...
  bool is_greedy = true;  ///< each of them is the likeliest token at its place
};

/// Scores in the order of `items`. Items of like length are computed together, `batch_size` at
/// once; the result does not depend on that beyond rounding.
std::vector<TokenScores> score_tokens(LoadedModel& model, std::span<const ScoreItem> items,
                                      int64_t batch_size);

}  // namespace slovo
