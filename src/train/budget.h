// One dial for a whole run: from an amount of time or of arithmetic to the model's shape, the
// batch, the rate and the length, and from trial runs to the loss that can be expected. Arithmetic
// only: what measures speed and makes the trial runs is the command's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config/config.h"

namespace slovo {

/// One of the two is 0.
struct Budget {
  double seconds = 0;  ///< wall time
  double flops = 0;    ///< floating-point operations of training
};
/// "90s", "10m", "1.5h", "1e16flop". Throws Error(config) that says so for any other text.
Budget parse_budget(const std::string& text);

/// What a run of some operations on some text is given. Published fits, where there are any.
struct BudgetRules {
  /// Tokens for each parameter that takes part in a product. Of models with Muon (nanochat).
  double tokens_per_parameter = 12;
  /// More passes over a text teach little that is new (arXiv:2305.16264).
  double most_epochs = 16;
  int64_t head_size = 64;  ///< also the width that each layer adds
};

/// Sets the fields that are not given: with `flops` operations on a text of `text_tokens`, how deep
/// and wide the model is, rows and steps, the rate (batch and rate by arXiv:2401.02954), and a
/// recipe that learns fast: muon, QK-norm, output projections that start at zero, a long way down
/// to a rate of 0. model.vocab_size must be known. Returns the operations that the run takes: fewer
/// than `flops` where the text is too short for them.
double derive_run(RunConfig& config, const std::function<bool(const std::string& key)>& given,
                  double flops, int64_t text_tokens, const BudgetRules& rules = {});

/// Parameters that take part in a product with every token.
int64_t product_parameters(const ModelConfig& model);

/// What tokens seen again are worth in tokens seen once (arXiv:2305.16264).
double effective_tokens(double tokens, double text_tokens);

struct Trial {
  double tokens, loss;
};
struct Prediction {
  double loss, low, high;
};
/// The loss after `tokens` on the curve a + b tokens^-c through the trials; the range holds all
/// exponents that fit them about as well, and at least two fifths of what is still to be gained.
/// Needs two trials.
Prediction predict_loss(const std::vector<Trial>& trials, double tokens);

}  // namespace slovo
