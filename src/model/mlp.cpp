#include "model/mlp.h"

#include "core/error.h"
#include "ops/ops.h"

namespace slovo {
namespace {

using ActivationFunction = at::Tensor (*)(const at::Tensor&);

ActivationFunction activation_function(Activation kind) {
  switch (kind) {
    case Activation::swiglu:
      return ops::swiglu;
    case Activation::gelu:
      return ops::gelu;
    case Activation::gelu_tanh:
      return ops::gelu_tanh;
    case Activation::relu2:
      return ops::relu2;
  }
  SLOVO_CHECK(false, "an activation without a function");
}

}  // namespace

MlpImpl::MlpImpl(const ModelConfig& config, at::TensorOptions options)
    : activation_(activation_function(config.mlp)) {
  const int64_t inner = config.mlp_size();
  up_ = register_module("up", Projection(config.hidden_size, config.gated() ? 2 * inner : inner,
                                         config.mlp_bias, options));
  down_ = register_module("down", Projection(inner, config.hidden_size, config.mlp_bias, options));
}

at::Tensor MlpImpl::forward(const at::Tensor& x_BTC, const at::Tensor& residual_BTC) {
  return down_->forward(activation_(up_->forward(x_BTC)), residual_BTC);
}

}  // namespace slovo
