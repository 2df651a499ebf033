// AdamW with decoupled weight decay (arXiv:1711.05101) and clipping by the global norm, on flat
// buffers.
#pragma once

#include <ATen/core/Tensor.h>

#include "config/config.h"
#include "optim/flat_parameters.h"

namespace slovo {

class AdamW {
 public:
  /// Both must outlive it.
  AdamW(FlatParameters& parameters, const TrainConfig& config);

  /// The norm of all gradients together; its bits do not depend on the number of threads.
  double grad_norm() const;
  /// Update number `step`, counted from 1, with rate `lr`: gradients of norm `norm` are scaled down
  /// to train.grad_clip where they exceed it, and are zero afterwards.
  void update(int64_t step, double lr, double norm);

  /// The moments by parameter name ("exp_avg.NAME", "exp_avg_sq.NAME"): views to save or to fill.
  NamedTensors state() const;
  int64_t state_bytes() const { return 2 * exp_avg_.nbytes(); }

 private:
  FlatParameters& parameters_;
  const TrainConfig& config_;
  at::Tensor exp_avg_, exp_avg_sq_;
};

}  // namespace slovo
