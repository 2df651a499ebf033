// How a long text is cut into passes of the model, so that every token is scored once. Arithmetic
// only.
//
// A document is a list of n tokens, BOS included where one is used; token 0 has nothing before it
// and is never scored.
#pragma once

#include <cstdint>
#include <vector>

#include "config/config.h"

namespace slovo {

/// One pass: the model reads tokens [begin, end - 1) and predicts tokens [first, end). begin <
/// first < end.
struct Window {
  int64_t begin = 0;
  int64_t first = 0;
  int64_t end = 0;
};

/// What is asked for, checked and with nothing left open.
struct WindowPlan {
  Protocol protocol = Protocol::windows;  ///< not automatic
  int64_t window = 0;                     ///< W
  int64_t stride = 0;                     ///< S
};

/// Resolves window (default: `context`), stride and protocol. Throws Error(config) for a window
/// over the model's context, a stride over the window, or a stride that the protocol does not have.
WindowPlan plan_windows(const EvalConfig& config, int64_t context);

/// The passes over a document of n tokens.
///  - windows: the model reads W tokens and predicts the W after the first of them; the next pass
///    begins at the last token predicted. A token has 1 to W tokens before it. (What a validation
///    of non-overlapping rows computes.)
///  - rolling: the same, but the last pass begins earlier, so that it too reads W tokens:
///    `loglikelihood_rolling` of lm-evaluation-harness with its context_len of 1.
///  - strided: passes of W tokens, the last one predicted, not read, start every S tokens; each
///    predicts what the one before did not reach. A token behind the first pass has at least W - S
///    tokens before it. (Hugging Face's guide "Perplexity of fixed-length models"; there each pass
///    is weighted by one token too few, here every token counts once.)
std::vector<Window> make_windows(const WindowPlan& plan, int64_t n);

}  // namespace slovo
