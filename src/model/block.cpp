#include "model/block.h"

#include <ATen/ops/empty.h>

#include "ops/ops.h"

namespace slovo {

BlockImpl::BlockImpl(const ModelConfig& config, int64_t layer, const RotaryTables& rotary,
                     at::TensorOptions options) {
  if (config.residual_scalars)
    residual_scale_ = register_parameter("residual_scale", at::empty({2}, options));
  const auto norm = [&] {
    return NormLayer(config.norm, config.hidden_size, config.norm_eps, options);
  };
  attention_norm_ = register_module("attention_norm", norm());
  attention_ = register_module("attention", Attention(config, layer, rotary, options));
  mlp_norm_ = register_module("mlp_norm", norm());
  mlp_ = register_module("mlp", Mlp(config, options));
}

at::Tensor BlockImpl::forward(const at::Tensor& x_BTC, const at::Tensor& first_BTC,
                              const MixerInput& input) {
  const ops::Fork before = attention_norm_->fork(
      residual_scale_.defined() ? ops::mix(x_BTC, first_BTC, residual_scale_) : x_BTC);
  const at::Tensor mixed_BTC = attention_->forward(before.normed, before.skip, input);
  const ops::Fork between = mlp_norm_->fork(mixed_BTC);
  return mlp_->forward(between.normed, between.skip);
}

std::unique_ptr<LayerState> BlockImpl::new_state(int64_t batch, int64_t capacity,
                                                 at::TensorOptions options) const {
  return attention_->new_state(batch, capacity, options);
}

}  // namespace slovo
