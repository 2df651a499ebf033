// One layer of the stack: a mixer and an MLP, each behind its norm and added to the residual
// stream.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "model/attention.h"
#include "model/mlp.h"
#include "model/norm.h"

namespace slovo {

class BlockImpl : public torch::nn::Module {
 public:
  BlockImpl(const ModelConfig& config, const RotaryTables& rotary, at::TensorOptions options);
  at::Tensor forward(const at::Tensor& x_BTC, const MixerInput& input);
  std::unique_ptr<LayerState> new_state(int64_t batch, int64_t capacity) const;

 private:
  NormLayer attention_norm_{nullptr};
  Attention attention_{nullptr};
  NormLayer mlp_norm_{nullptr};
  Mlp mlp_{nullptr};
};
TORCH_MODULE(Block);

}  // namespace slovo
