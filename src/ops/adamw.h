// AdamW on flat buffers.
#pragma once

#include "ops/update.h"

namespace slovo::ops {

struct AdamWOptions {
  double lr = 0;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double eps = 1e-8;
  double weight_decay = 0;
  int64_t step = 1;       ///< counts from 1
  double grad_scale = 1;  ///< multiplies the gradient first: clipping
  bool cautious = false;  ///< decay only where the update makes the weight smaller too
};

/// One step of AdamW (arXiv:1711.05101), all in one pass. The moments m and v are fp32 or bf16. The
/// arithmetic of at::_fused_adamw_.
void adamw_step(const UpdateBuffers& buffers, const at::Tensor& m, const at::Tensor& v,
                const AdamWOptions& options);

}  // namespace slovo::ops
