// From logits to the next token: a chain of processors in the order of Hugging Face generation
// (temperature, top-k, top-p), then a draw. Works on one row of plain floats; knows no model and no
// text.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "config/config.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

/// A token that may still be drawn, with its (processed) logit.
struct Candidate {
  TokenId id;
  float logit;
};
using Candidates = std::vector<Candidate>;

/// One step of the chain: changes logits or takes candidates away, never all of them.
class LogitsProcessor {
 public:
  virtual ~LogitsProcessor() = default;
  virtual void apply(Candidates& candidates) const = 0;
};
using LogitsProcessors = std::vector<std::unique_ptr<const LogitsProcessor>>;

/// The processors that `config` asks for; those that would change nothing are left out. For a
/// temperature above 0.
LogitsProcessors make_processors(const DecodeConfig& config);

/// Which random number a draw takes. It names the completion and the place in it, so what a prompt
/// gives does not depend on the batch it is computed in, nor on what was drawn before.
struct Draw {
  uint64_t prompt = 0;    ///< number of the prompt
  uint64_t sample = 0;    ///< number of the completion of that prompt
  uint64_t position = 0;  ///< tokens drawn before in this completion
};

class Sampler {
 public:
  Sampler(const DecodeConfig& config, uint64_t seed);
  /// The next token for `logits` [V]: at temperature 0 the likeliest (the lowest id among equals),
  /// else a draw by inversion of the cumulative distribution. Throws Error(checkpoint) when the
  /// logits are not numbers.
  TokenId sample(std::span<const float> logits, const Draw& draw) const;

 private:
  bool greedy_;
  uint64_t seed_;
  LogitsProcessors processors_;
};

/// log softmax(logits)[id], summed in double precision.
double log_prob(std::span<const float> logits, TokenId id);

}  // namespace slovo
