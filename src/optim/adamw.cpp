#include "optim/adamw.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "ops/adamw.h"

namespace slovo {

AdamW::AdamW(FlatParameters& parameters, const TrainConfig& config)
    : parameters_(parameters),
      config_(config),
      exp_avg_(at::zeros_like(parameters.grad())),
      exp_avg_sq_(at::zeros_like(parameters.grad())) {}

double AdamW::grad_norm() const { return std::sqrt(ops::squared_norm(parameters_.grad())); }

void AdamW::update(int64_t step, double lr, double norm) {
  ops::AdamWOptions options;
  options.lr = lr;
  options.beta1 = config_.beta1;
  options.beta2 = config_.beta2;
  options.eps = config_.eps;
  options.step = step;
  if (config_.grad_clip > 0) {
    options.grad_scale = std::min(1.0, config_.grad_clip / (norm + 1e-6));  // as clip_grad_norm_
  }
  for (const ParameterGroup& group : parameters_.groups()) {
    options.weight_decay = group.decay ? config_.weight_decay : 0.0;
    const int64_t size = group.master.numel();
    ops::adamw_step(group.master, group.grad, exp_avg_.narrow(0, group.offset, size),
                    exp_avg_sq_.narrow(0, group.offset, size), group.compute, options);
  }
}

NamedTensors AdamW::state() const {
  NamedTensors out = parameters_.views_of(exp_avg_, "exp_avg.");
  for (auto& named : parameters_.views_of(exp_avg_sq_, "exp_avg_sq."))
    out.push_back(std::move(named));
  return out;
}

}  // namespace slovo
