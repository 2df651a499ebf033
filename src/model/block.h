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
  /// Number `layer` of the stack, counted from 0.
  BlockImpl(const ModelConfig& config, int64_t layer, const RotaryTables& rotary,
            at::TensorOptions options);
  /// `first_BTC`: what the first block was given, read where there are residual scalars.
  at::Tensor forward(const at::Tensor& x_BTC, const at::Tensor& first_BTC, const MixerInput& input);
  std::unique_ptr<LayerState> new_state(int64_t batch, int64_t capacity,
                                        at::TensorOptions options) const;

 private:
  at::Tensor residual_scale_;  ///< [2]: of the residual stream and of first_BTC; or undefined
  NormLayer attention_norm_{nullptr};
  Attention attention_{nullptr};
  NormLayer mlp_norm_{nullptr};
  Mlp mlp_{nullptr};
};
TORCH_MODULE(Block);

}  // namespace slovo
