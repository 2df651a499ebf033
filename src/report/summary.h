// A run in a few numbers, and in one sentence.
#pragma once

#include <string>

#include "report/run_data.h"

namespace slovo {

/// What is known of: parameters, steps, planned_steps, tokens, seconds, tokens_per_s (mean),
/// peak_memory_bytes, first_loss, final_loss (mean of the last rows), first_val_loss, val_loss
/// (the last), best_val_loss, best_val_step, first_old_perplexity, old_perplexity; and "finished".
Json summarise(const RunData& run);

/// "Trained 3.40M parameters on 2.10M tokens for 1,000 steps: validation loss 4.99 → 2.31, 20.1K
/// tok/s, 3m 12s."
std::string headline(const Json& summary);

}  // namespace slovo
