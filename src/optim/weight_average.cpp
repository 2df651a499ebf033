#include "optim/weight_average.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace slovo {

WeightAverage::WeightAverage(FlatParameters& parameters, double decay)
    : parameters_(parameters), decay_(decay), held_(parameters.master().clone()) {}

void WeightAverage::update(int64_t step) {
  at::NoGradGuard no_grad;
  const auto done = static_cast<double>(step);
  held_.lerp_(parameters_.master(), 1 - std::min(decay_, (1 + done) / (10 + done)));
}

void WeightAverage::exchange() {
  at::NoGradGuard no_grad;
  constexpr int64_t kChunk = int64_t{1} << 18;  // bounds the memory it takes
  const at::Tensor& master = parameters_.master();
  for (int64_t begin = 0; begin < held_.numel(); begin += kChunk) {
    const int64_t size = std::min(kChunk, held_.numel() - begin);
    const at::Tensor shown = master.narrow(0, begin, size);
    const at::Tensor held = held_.narrow(0, begin, size);
    const at::Tensor kept = held.clone();
    held.copy_(shown);
    shown.copy_(kept);
  }
  parameters_.master_changed();
}

}  // namespace slovo
