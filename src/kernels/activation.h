// The non-linear functions of an MLP, forward and backward, in one pass each.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace slovo::kernels {

enum class Activation { gelu_tanh, relu2, swiglu };

/// T: float or Bf16. swiglu reads rows of gate then up, [rows, 2 * size], and writes [rows, size];
/// the others read and write [rows, size].
template <class T>
struct ActivationPass {
  Activation kind;
  int64_t rows, size;
  const T* x;
  const T* y_grad;  ///< null: forward
  T* out;           ///< y, or in the backward pass x_grad
};

void activate(const ActivationPass<float>& pass);
void activate(const ActivationPass<Bf16>& pass);

}  // namespace slovo::kernels
