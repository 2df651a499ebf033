// One step of AdamW over a range of flat buffers, in a single pass over memory (arXiv:1711.05101).
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace slovo::kernels {

struct AdamWFactors {
  float grad_scale;       ///< multiplies the gradient: clipping
  float decay;            ///< 1 - lr * weight_decay
  float gain1;            ///< 1 - beta1
  float beta2, gain2;     ///< gain2 = 1 - beta2
  float step_size;        ///< lr / (1 - beta1^step)
  float root_correction;  ///< 1 / sqrt(1 - beta2^step)
  float eps;
};

/// Updates master, m and v, writes the bf16 copy unless `copy` is null, and sets grad to 0.
void adamw(const AdamWFactors& factors, int64_t count, float* master, float* grad, float* m,
           float* v, Bf16* copy);

/// Sum of squares.
double squared_norm(const float* values, int64_t count);

}  // namespace slovo::kernels
