#include "optim/adamw.h"

#include <ATen/ATen.h>

#include "ops/adamw.h"

namespace slovo {

AdamW::AdamW(FlatParameters& parameters, const TrainConfig& config, int64_t width,
             std::vector<ParameterGroup> groups)
    : Optimizer(parameters, config), width_(width), groups_(std::move(groups)) {
  int64_t size = 0;
  for (const ParameterGroup& group : groups_) size += group.size();
  if (!groups_.empty()) first_ = groups_.front().buffers.first;
  exp_avg_ = new_moment(size);
  exp_avg_sq_ = new_moment(size);
}

void AdamW::update(int64_t step, double lr, double scale) {
  ops::AdamWOptions options;
  options.beta1 = config_.beta1;
  options.beta2 = config_.second_beta();
  options.eps = config_.eps;
  options.step = step;
  options.grad_scale = scale;
  options.cautious = config_.cautious_decay;
  for (const ParameterGroup& group : groups_) {
    options.lr = lr * rate_scale(config_, group.role, width_);
    options.weight_decay = group.decays() ? config_.decay() : 0.0;
    const int64_t begin = group.buffers.first - first_;
    ops::adamw_step(group.buffers, exp_avg_.narrow(0, begin, group.size()),
                    exp_avg_sq_.narrow(0, begin, group.size()), options);
  }
}

NamedTensors AdamW::state() const {
  NamedTensors out = parameters_.views_of(exp_avg_, "exp_avg.", first_);
  for (auto& named : parameters_.views_of(exp_avg_sq_, "exp_avg_sq.", first_))
    out.push_back(std::move(named));
  return out;
}

}  // namespace slovo
