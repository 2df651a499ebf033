// The rules that keep one moment of each parameter: Lion (arXiv:2302.06675), SGD with momentum.
#pragma once

#include "optim/optimizer.h"

namespace slovo {

class Lion : public Optimizer {
 public:
  Lion(FlatParameters& parameters, const TrainConfig& config, int64_t width);
  void update(int64_t step, double lr, double scale) override;
  NamedTensors state() const override { return parameters_.views_of(exp_avg_, "exp_avg."); }

 private:
  int64_t width_;
  at::Tensor exp_avg_;
};

class Sgd : public Optimizer {
 public:
  Sgd(FlatParameters& parameters, const TrainConfig& config, int64_t width);
  void update(int64_t step, double lr, double scale) override;
  NamedTensors state() const override { return parameters_.views_of(momentum_, "momentum."); }

 private:
  int64_t width_;
  at::Tensor momentum_;
};

}  // namespace slovo
