// RMSNorm or LayerNorm, chosen once.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "config/config.h"
#include "ops/ops.h"

namespace slovo {

class NormLayerImpl : public torch::nn::Module {
 public:
  NormLayerImpl(Norm kind, int64_t size, double eps, at::TensorOptions options);
  /// [...,size] -> [...,size].
  at::Tensor forward(const at::Tensor& x);
  /// The same beside x itself, for the residual connection.
  ops::Fork fork(const at::Tensor& x);

  at::Tensor weight;  ///< [size]
  at::Tensor bias;    ///< [size], LayerNorm only

 private:
  Norm kind_;
  double eps_;
};
TORCH_MODULE(NormLayer);

}  // namespace slovo
