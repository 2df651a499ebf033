// QK-norm and rotary position embedding of the heads of each token, forward and backward.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace slovo::kernels {

/// T: float or Bf16. The query and key heads of `tokens` tokens: token t's start at data[t * step].
template <class T>
struct RotaryPass {
  int64_t tokens, heads, kv_heads, head_dim;
  const T* x;  ///< forward: input; backward: the same input, read with a norm only
  int64_t x_step;
  T* out;  ///< forward: result; backward: gradient, turned in place into the input's
  int64_t out_step;
  const float *cos, *sin;    ///< [positions, head_dim / 2]; null: no rotation
  const int64_t* positions;  ///< [tokens]
  const T *q_norm, *k_norm;  ///< [head_dim]; null: no norm
  float eps;
  float *q_norm_grad, *k_norm_grad;  ///< backward: [head_dim], added to; may be null
};

void rotary_forward(const RotaryPass<float>& pass);
void rotary_forward(const RotaryPass<Bf16>& pass);
void rotary_backward(const RotaryPass<float>& pass);
void rotary_backward(const RotaryPass<Bf16>& pass);

}  // namespace slovo::kernels
