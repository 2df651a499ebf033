// Lion, and SGD with momentum, on flat buffers. The moment m is fp32 or bf16.
#pragma once

#include "ops/update.h"

namespace slovo::ops {

struct LionOptions {
  double lr = 0;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0;
  int64_t step = 1;       ///< counts from 1
  double grad_scale = 1;  ///< multiplies the gradient first: clipping
  bool cautious = false;  ///< decay only where the update makes the weight smaller too
};

/// One step of Lion (arXiv:2302.06675): the sign of a mean of moment and gradient.
void lion_step(const UpdateBuffers& buffers, const at::Tensor& m, const LionOptions& options);

struct SgdOptions {
  double lr = 0;
  double momentum = 0.9;
  double weight_decay = 0;  ///< added to the gradient
  int64_t step = 1;
  double grad_scale = 1;
};

/// One step of SGD with momentum, as torch.optim.SGD without dampening.
void sgd_step(const UpdateBuffers& buffers, const at::Tensor& m, const SgdOptions& options);

}  // namespace slovo::ops
