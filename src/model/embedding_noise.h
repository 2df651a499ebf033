// Noise on the token embeddings while a model is tuned, so that it learns the examples' words less
// by heart (NEFTune, arXiv:2310.05914).
#pragma once

#include <ATen/core/Tensor.h>

#include "ops/segments.h"

namespace slovo {

struct EmbeddingNoise {
  double alpha = 0;  ///< 0: none
  uint64_t seed = 0;

  /// [B,T,C] for a pass, in the dtype and on the device of `options`: uniform in -1 to 1, times
  /// alpha / sqrt(L C) with L the length of the document that a token is in. A function of seed,
  /// pass and place alone.
  at::Tensor draw(const Segments& segments, int64_t hidden_size, uint64_t pass,
                  at::TensorOptions options) const;
};

}  // namespace slovo
