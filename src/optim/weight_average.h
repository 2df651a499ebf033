// A running mean of the weights, which predicts better than the weights themselves while the rate
// is high (arXiv:2405.18392, section 4). Training goes on with the weights; what is evaluated and
// saved is the mean.
#pragma once

#include <ATen/core/Tensor.h>

#include "optim/flat_parameters.h"

namespace slovo {

class WeightAverage {
 public:
  /// Begins with the weights as they are. `parameters` must outlive it.
  WeightAverage(FlatParameters& parameters, double decay);

  /// Takes the weights behind update number `step`, counted from 1, into the mean. The first steps
  /// forget faster: by min(decay, (1 + step) / (10 + step)), so that the beginning fades.
  void update(int64_t step);

  /// While it lives, the parameters hold the mean and the average holds the weights.
  class Shown {
   public:
    explicit Shown(WeightAverage& average) : average_(average) { average_.exchange(); }
    ~Shown() { average_.exchange(); }
    Shown(const Shown&) = delete;
    Shown& operator=(const Shown&) = delete;

   private:
    WeightAverage& average_;
  };

  /// Changes the mean for the weights and back, the module's copy too.
  void exchange();
  /// What is held: the weights while the mean is shown, as "weights.NAME". To save or to fill.
  NamedTensors state() const { return parameters_.views_of(held_, "weights."); }

 private:
  FlatParameters& parameters_;
  double decay_;
  at::Tensor held_;
};

}  // namespace slovo
