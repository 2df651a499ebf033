// How well a model predicts text: exact sums over documents, and the measures made of them.
#pragma once

#include <cstdint>
#include <string>

#include "core/json.h"
#include "eval/scorer.h"
#include "eval/windows.h"
#include "tokenizer/train.h"

namespace slovo {

/// Sums over all documents. A document's words are counted as lm-evaluation-harness does, its bytes
/// in UTF-8.
struct Perplexity {
  WindowPlan plan;
  std::string bos;  ///< the token that begins each document; "" when none does: then its first
                    ///< token is not scored
  int64_t documents = 0;
  int64_t tokens = 0;  ///< scored
  int64_t words = 0;
  int64_t bytes = 0;
  double nll = 0;  ///< sum of -log p over the scored tokens, in nats

  double nll_per_token() const;
  double token_perplexity() const;  ///< exp(nll / tokens)
  double word_perplexity() const;   ///< exp(nll / words)
  double byte_perplexity() const;   ///< exp(nll / bytes)
  double bits_per_byte() const;     ///< nll / bytes / ln 2
  /// The measures under their public names.
  Json to_json() const;
};

/// Scores all documents of `texts`. Throws Error(config) for a plan that cannot be (see
/// plan_windows) or a BOS that the tokenizer does not have; Error(data) when no token can be
/// scored.
Perplexity measure_perplexity(LoadedModel& model, const TextSource& texts,
                              const EvalConfig& config);

}  // namespace slovo
