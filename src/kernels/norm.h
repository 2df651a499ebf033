// RMSNorm and LayerNorm over rows, forward and backward; sums are fp32.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace slovo::kernels {

/// T: float or Bf16. LayerNorm where `mean` is given, else RMSNorm.
template <class T>
struct NormForward {
  int64_t rows, size;
  float eps;
  const T *x, *weight, *bias;  ///< bias may be null
  T* y;
  float *mean, *inverse;  ///< [rows]: kept for the backward pass; inverse is 1/deviation
};

template <class T>
struct NormBackward {
  int64_t rows, size;
  const T *x, *weight, *y_grad;
  const T* skip_grad;  ///< added to x_grad; may be null
  const float *mean, *inverse;
  T* x_grad;
  float *weight_grad, *bias_grad;  ///< [size], added to; may be null
};

void norm_forward(const NormForward<float>& norm);
void norm_forward(const NormForward<Bf16>& norm);
void norm_backward(const NormBackward<float>& norm);
void norm_backward(const NormBackward<Bf16>& norm);

}  // namespace slovo::kernels
