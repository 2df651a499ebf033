// The feed-forward part of a block: one hidden layer, gated (SwiGLU) or not.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "config/config.h"
#include "model/projection.h"

namespace slovo {

class MlpImpl : public torch::nn::Module {
 public:
  MlpImpl(const ModelConfig& config, at::TensorOptions options);
  /// residual + mlp(x); both [B,T,C].
  at::Tensor forward(const at::Tensor& x_BTC, const at::Tensor& residual_BTC);

 private:
  at::Tensor (*activation_)(const at::Tensor&);
  Projection up_{nullptr};    ///< [I, C]; with a gate [2I, C]: gate, then up
  Projection down_{nullptr};  ///< [C, I]
};
TORCH_MODULE(Mlp);

}  // namespace slovo
