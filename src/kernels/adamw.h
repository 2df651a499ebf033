// One step of AdamW over a range of flat buffers, in a single pass over memory (arXiv:1711.05101).
#pragma once

#include <cstdint>

#include "kernels/update.h"

namespace slovo::kernels {

struct AdamWFactors {
  float grad_scale;       ///< multiplies the gradient: clipping
  float decay;            ///< 1 - lr * weight_decay
  bool cautious;          ///< decay only where the update makes the weight smaller too
  float gain1;            ///< 1 - beta1
  float beta2, gain2;     ///< gain2 = 1 - beta2
  float step_size;        ///< lr / (1 - beta1^step)
  float root_correction;  ///< 1 / sqrt(1 - beta2^step)
  float eps;
  uint32_t m_seed, v_seed;  ///< of the rounding of moments in bf16
};

void adamw(const AdamWFactors& factors, const UpdateRange& range, float* m, float* v);
void adamw(const AdamWFactors& factors, const UpdateRange& range, Bf16* m, Bf16* v);

/// Sum of squares.
double squared_norm(const float* values, int64_t count);

}  // namespace slovo::kernels
