// The optimizer's arithmetic on flat buffers.
#pragma once

#include <ATen/core/Tensor.h>

namespace slovo::ops {

struct AdamWOptions {
  double lr = 0;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double eps = 1e-8;
  double weight_decay = 0;
  int64_t step = 1;       ///< counts from 1
  double grad_scale = 1;  ///< multiplies the gradient first: clipping
};

/// One step of AdamW (arXiv:1711.05101) on flat contiguous fp32 buffers of equal size; writes
/// `compute`, the bf16 copy of master, where it is defined, and sets grad to zero, all in one pass.
/// The arithmetic of at::_fused_adamw_.
void adamw_step(const at::Tensor& master, const at::Tensor& grad, const at::Tensor& m,
                const at::Tensor& v, const at::Tensor& compute, const AdamWOptions& options);

/// Sum of squares of a flat contiguous fp32 buffer; the same bits for any number of threads.
double squared_norm(const at::Tensor& grad);

}  // namespace slovo::ops
