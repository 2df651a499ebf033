#include "optim/momentum.h"

#include <ATen/ATen.h>

#include "ops/momentum.h"

namespace slovo {

Lion::Lion(FlatParameters& parameters, const TrainConfig& config, int64_t width)
    : Optimizer(parameters, config), width_(width), exp_avg_(new_moment(parameters.numel())) {}

void Lion::update(int64_t step, double lr, double scale) {
  ops::LionOptions options;
  options.beta1 = config_.beta1;
  options.beta2 = config_.second_beta();
  options.step = step;
  options.grad_scale = scale;
  options.cautious = config_.cautious_decay;
  for (const ParameterGroup& group : parameters_.groups()) {
    options.lr = lr * rate_scale(config_, group.role, width_);
    options.weight_decay = group.decays() ? config_.decay() : 0.0;
    ops::lion_step(group.buffers, exp_avg_.narrow(0, group.buffers.first, group.size()), options);
  }
}

Sgd::Sgd(FlatParameters& parameters, const TrainConfig& config, int64_t width)
    : Optimizer(parameters, config), width_(width), momentum_(new_moment(parameters.numel())) {}

void Sgd::update(int64_t step, double lr, double scale) {
  ops::SgdOptions options;
  options.momentum = config_.momentum_decay();
  options.step = step;
  options.grad_scale = scale;
  for (const ParameterGroup& group : parameters_.groups()) {
    options.lr = lr * rate_scale(config_, group.role, width_);
    options.weight_decay = group.decays() ? config_.decay() : 0.0;
    ops::sgd_step(group.buffers, momentum_.narrow(0, group.buffers.first, group.size()), options);
  }
}

}  // namespace slovo
