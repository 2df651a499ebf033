// One step of Lion (arXiv:2302.06675) or of SGD with momentum over a range of flat buffers, in a
// single pass over memory.
#pragma once

#include <cstdint>

#include "kernels/update.h"

namespace slovo::kernels {

struct LionFactors {
  float grad_scale;  ///< multiplies the gradient: clipping
  float decay;       ///< 1 - lr * weight_decay
  bool cautious;     ///< decay only where the update makes the weight smaller too
  float gain1;       ///< 1 - beta1
  float gain2;       ///< 1 - beta2
  float lr;
  uint32_t seed;  ///< of the rounding of a moment in bf16
};

void lion(const LionFactors& factors, const UpdateRange& range, float* m);
void lion(const LionFactors& factors, const UpdateRange& range, Bf16* m);

struct SgdFactors {
  float grad_scale;
  float weight_decay;  ///< added to the gradient
  float momentum;
  float lr;
  uint32_t seed;
};

void sgd(const SgdFactors& factors, const UpdateRange& range, float* m);
void sgd(const SgdFactors& factors, const UpdateRange& range, Bf16* m);

}  // namespace slovo::kernels
