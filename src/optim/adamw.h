// AdamW with decoupled weight decay (arXiv:1711.05101) on flat buffers.
#pragma once

#include <vector>

#include "optim/optimizer.h"

namespace slovo {

class AdamW : public Optimizer {
 public:
  /// Updates `groups`, which lie beside each other, of a model `width` wide.
  AdamW(FlatParameters& parameters, const TrainConfig& config, int64_t width,
        std::vector<ParameterGroup> groups);

  void update(int64_t step, double lr, double scale) override;
  NamedTensors state() const override;

 private:
  int64_t width_;
  std::vector<ParameterGroup> groups_;
  int64_t first_ = 0;  ///< place of the groups in the whole buffer
  at::Tensor exp_avg_, exp_avg_sq_;
};

}  // namespace slovo
